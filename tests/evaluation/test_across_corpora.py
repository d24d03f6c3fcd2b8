"""From two training corpora to a row about a third, by the commands that rules call."""

import json
from dataclasses import asdict

import pandas as pd
import pytest
from chain import TEST, TRAIN, VAL, call
from evaluated import write_ledger_of

from mavsr.config.scoring import ScoringSettings
from mavsr.evaluation.collect import read_scores
from mavsr.evaluation.decode import decode
from mavsr.evaluation.score import score
from mavsr.report.sources import ReportSettings
from mavsr.report.table import write_table
from mavsr.training.settings import TrainingSettings
from mavsr.training.train import train

TRAINED = ("one", "two")


@pytest.fixture
def places(tmp_path, write_features_to):
    """Folder of a corpus below results/corpus -> index files of its splits."""
    found = {}
    for corpus in (*TRAINED, "wild"):
        folder = tmp_path / "corpus" / corpus
        splits = {"test": (TEST, "clean")}
        if corpus in TRAINED:
            splits |= {"train": (TRAIN, "view_0"), "val": (VAL, "clean")}
        found[corpus] = {
            split: write_features_to(folder, split, lengths, view)
            for split, (lengths, view) in splits.items()
        }
    write_ledger_of(tmp_path / "mouths/wild/test/ledger.csv", TEST)
    return found


def test_a_model_of_two_corpora_is_tested_on_a_third(places, tmp_path, settings_of):
    def of(split, modality=None):
        files = [places[corpus][split] for corpus in TRAINED]
        return [indexes[modality] if modality else manifest for manifest, indexes in files]

    name = "one@1+two@3.avsr.mtsk-ms.s0"
    model = tmp_path / "training" / name
    call(
        train,
        output=model,
        train_manifest=of("train"),
        val_manifest=of("val"),
        **{modality: of("train", modality) for modality in ("audio", "video")},
        **{f"{modality}_val": of("val", modality) for modality in ("audio", "video")},
        shares={"one": 0.25, "two": 0.75},
        model=settings_of(method="mtsk-ms").to_dict(),
        training=asdict(TrainingSettings(epochs=2, batch_frames=40)),
        setup={"corpora": list(TRAINED)},
    )
    run = json.loads((model / "run.json").read_text())
    assert run["setup"]["corpora"] == ["one", "two"]
    assert run["shares"] == {"one": 0.25, "two": 0.75}
    manifest, indexes = places["wild"]["test"]
    hypotheses = tmp_path / "evaluation" / name / "clean@wild" / "a2_v1.jsonl"
    origin = {"corpus": "wild", "split": "test", "encoders": "w+a", "llm": "tiny"}
    call(
        decode,
        model=model,
        manifest=manifest,
        origin={**origin, "trained_on": "one@1+two@3"},
        condition="clean",
        scale="a2_v1",
        **indexes,
        decoding={"beams": 2, "max_new_tokens": 6, "batch_tokens": 50},
        hypotheses=hypotheses,
    )
    score([hypotheses], tmp_path, tmp_path / "scores.csv", ScoringSettings())
    (row,) = read_scores(tmp_path / "scores.csv").to_dict("records")
    assert (row["corpus"], row["trained_on"]) == ("wild", "one@1+two@3")
    assert (row["model"], row["condition"], row["utterances"]) == (name, "clean", len(TEST))
    settings = ReportSettings(kinds={"wild": "folder"})
    write_table("table1", tmp_path, settings, tmp_path / "scores.csv")
    assert pd.read_csv(tmp_path / "table1.csv").corpus.item() == "wild (trained on one@1+two@3)"
