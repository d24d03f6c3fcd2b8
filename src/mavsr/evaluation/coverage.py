"""Whether hypotheses are of every clip that a split must have, and of no other.

What must be there comes from the two ends: the manifest, and the ledger that says which of its
clips were dropped and why. What lies between (crops, noise, features) may itself have lost some.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mavsr.errors import InputError
from mavsr.evaluation.hypotheses import Hypotheses
from mavsr.remedies import named_clips, rebuild_command
from mavsr.tables import read_csv, read_parquet


def expected_texts(results: Path, corpus: str, split: str) -> dict[str, str]:
    """Key -> transcript of :func:`expected_clips`."""
    return expected_clips(results, corpus, split).text.to_dict()


def expected_clips(results: Path, corpus: str, split: str) -> pd.DataFrame:
    """Transcript and speaker, by key, of the clips of a split that must have a hypothesis.

    Args:
        results: the folder ``results``.
        corpus: name of the corpus.
        split: train, val or test.

    Raises:
        InputError: manifest or ledger is missing or damaged, or a clip of the manifest is not in
            the ledger.

    """
    manifest = results / "corpus" / corpus / f"{split}.parquet"
    ledger = results / "mouths" / corpus / split / "ledger.csv"
    # Read here as tables, so that the code of the stages that make them is no part of scoring.
    clips = read_parquet(manifest, "manifest").set_index("key")[["text", "speaker"]]
    entries = read_csv(ledger, "ledger", types={"kept": str})
    if lost := named_clips("lacks", set(clips.index) - set(entries.key)):
        raise InputError(
            f"ledger {ledger} {lost[0]}, which {manifest} has; rebuild it: "
            f"{rebuild_command(ledger, ledger.with_name('index.json'))}"
        )
    return clips.drop(list(set(entries.key[entries.kept != "true"]) & set(clips.index)))


def differences(content: Hypotheses, expected: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with hypotheses and their references, by what was looked at; "" if nothing."""
    has, wanted = content.texts.keys(), expected.keys()
    lost, strange = named_clips("lacks", wanted - has), named_clips("has unknown", has - wanted)
    changed = {key for key in has & wanted if content.references[key] != expected[key]}
    return {
        "every clip once": "; ".join([*lost, *strange]),
        "references are the transcripts": "".join(named_clips("differ for", changed)),
    }


def check_coverage(path: Path, content: Hypotheses, expected: Mapping[str, str]) -> None:
    """Raise InputError, with the clips, unless hypotheses at ``path`` are of those expected."""
    wrong = [f"{what}: {found}" for what, found in differences(content, expected).items() if found]
    if wrong:
        raise InputError(
            f"hypotheses {path} do not fit the manifest ({'; '.join(wrong)}); `mavsr features "
            "verify` tells whether features lost clips. Then decode again: "
            f"{rebuild_command(path)}"
        )
