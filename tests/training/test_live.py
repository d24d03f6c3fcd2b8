"""Losses can be read while a model trains: in metrics.csv, and in the log."""

import csv
import logging

import pandas as pd

from mavsr.training import live
from mavsr.training.settings import TrainingSettings
from mavsr.training.train import train
from mavsr.training.trainer import Trainer

TRAINING = TrainingSettings(epochs=2, learning_rate=1e-2, batch_frames=24, validation_utterances=1)


def test_metrics_grow_step_by_step_and_end_as_they_were(
    tmp_path, files, settings_of, monkeypatch, caplog
):
    model, output = settings_of(method="mtsk-ms"), tmp_path / "out"
    seen, step = [], Trainer._step

    def looking(self, *arguments):
        step(self, *arguments)
        with (output / "metrics.csv").open(newline="") as file:
            seen.append(list(csv.DictReader(file)))

    monkeypatch.setattr(Trainer, "_step", looking)
    monkeypatch.setattr(live, "LOG_EVERY_S", 0.0)
    with caplog.at_level(logging.INFO):
        train(output, model=model, training=TRAINING, **files)
    with (output / "metrics.csv").open(newline="") as file:
        final = list(csv.DictReader(file))
    scales = len(model.scales)
    assert len(seen) > 2
    for number, rows in enumerate(seen, 1):
        trained = [row for row in rows if row["split"] == "train"]
        assert len(trained) == scales * number
        assert rows == final[: len(rows)]
    assert list(pd.read_csv(output / "metrics.csv")) == list(live.COLUMNS)
    told = [r.getMessage() for r in caplog.records if r.getMessage().startswith("step ")]
    first = [float(row["loss"]) for row in final[:scales]]
    assert told[0] == f"step 1 of {len(seen)}: loss " + ", ".join(
        f"{scale.name} {loss:.3f}" for scale, loss in zip(model.scales, first, strict=True)
    )
    assert len(told) == len(seen) - 1


def test_a_log_of_many_steps_a_second_stays_short(tmp_path, caplog):
    with caplog.at_level(logging.INFO), live.live_metrics(tmp_path / "metrics.csv", 50) as report:
        for step in range(50):
            row = dict.fromkeys(live.COLUMNS, 0) | {"split": "train", "scale": "a4"}
            report(row | {"step": step, "loss": float(step)})
    assert caplog.messages == ["step 1 of 50: loss a4 0.000"]
