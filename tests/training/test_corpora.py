"""Training on several corpora."""

import json
from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest

from mavsr.training import trainer as trainer_module
from mavsr.training.batches import plan_batches
from mavsr.training.settings import TrainingSettings
from mavsr.training.train import train

TRAINING = TrainingSettings(epochs=2, batch_frames=40, validation_utterances=2)


@pytest.fixture
def files(tmp_path, write_features_to):
    found = {"train_manifest": [], "val_manifest": []}
    found |= {name: [] for name in ("audio", "video", "audio_val", "video_val")}
    for corpus, count in (("one", 6), ("two", 3)):
        for split, view, end in (("train", "view_0", ""), ("val", "clean", "_val")):
            lengths = {f"{split}{n}": 4 + n for n in range(count)}
            manifest, indexes = write_features_to(tmp_path / corpus, split, lengths, view)
            found[f"{split}_manifest"].append(manifest)
            for modality, index in indexes.items():
                found[f"{modality}{end}"].append(index)
    return found


@pytest.fixture
def seen(monkeypatch):
    """Keys of every step that a training takes."""
    steps = []
    step = trainer_module.Trainer._step

    def noting(self, epoch, keys, batch):
        steps.append((epoch, keys))
        step(self, epoch, keys, batch)

    monkeypatch.setattr(trainer_module.Trainer, "_step", noting)
    return steps


def test_clips_of_all_corpora_are_trained_on_and_validated(tmp_path, files, settings_of, seen):
    train(tmp_path / "out", model=settings_of(method="mtsk-ms"), training=TRAINING, **files)
    counts = Counter(key for _, keys in seen for key in keys)
    assert set(counts) == {f"one/train{n}" for n in range(6)} | {f"two/train{n}" for n in range(3)}
    assert set(counts.values()) == {2}
    metrics = pd.read_csv(tmp_path / "out" / "metrics.csv")
    assert metrics[metrics.split == "val"].wer.notna().all()
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert len(run["data_sha256"]) == 2 * 2 + 2 * 2 + 2 * 2
    assert "shares" not in run


def test_corpora_have_the_shares_that_are_given(tmp_path, files, settings_of, seen):
    shares, settings = {"one": 0.2, "two": 0.8}, replace(TRAINING, epochs=3)
    model = settings_of(method="mtsk-ms")
    train(tmp_path / "out", model=model, training=settings, shares=shares, **files)
    counts = Counter(key.partition("/")[0] for _, keys in seen for key in keys)
    assert counts["two"] > 3 * counts["one"]
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert run["shares"] == shares


def test_a_clip_may_be_in_an_epoch_repeatedly():
    frames = {"one/a": 10, "two/b": 20}
    clips = ["one/a"] * 5 + ["two/b"]
    batches = plan_batches(frames, 40, 0, 0, clips)
    assert Counter(key for batch in batches for key in batch) == Counter(clips)
    assert all(len(batch) * max(frames[key] for key in batch) <= 40 for batch in batches)
    assert plan_batches(frames, 40, 0, 0, list(frames)) == plan_batches(frames, 40, 0, 0)
