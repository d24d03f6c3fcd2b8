"""TensorBoard's event files hold what metrics.csv holds, once, however often a run was stopped."""

import json
import os
import signal
import struct
import sys
from dataclasses import asdict

import pandas as pd
import pytest

from mavsr.errors import InputError
from mavsr.training import trainer as trainer_module
from mavsr.training.events import event_files
from mavsr.training.settings import TrainingSettings, deciding_settings
from mavsr.training.train import train

TRAINING = TrainingSettings(
    epochs=2, learning_rate=1e-2, batch_frames=24, validation_utterances=2, tensorboard=True
)


def scalars(folder):
    """(tag, step, value) of every event, in order."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for path in sorted(folder.iterdir()):
        content, start = path.read_bytes(), 0
        while start < len(content):
            (length,) = struct.unpack_from("<Q", content, start)
            event = Event.FromString(content[start + 12 : start + 12 + length])
            found += [(v.tag, event.step, v.simple_value) for v in event.summary.value]
            start += 12 + length + 4
    return found


def expected(metrics):
    """What the rows of metrics.csv become."""
    table = pd.read_csv(metrics)
    for row in table.itertuples():
        yield f"loss/{row.split}/{row.scale}", row.step, row.loss
        if row.split == "val":
            yield f"wer/{row.scale}", row.step, row.wer
    for step, rows in table[table.split == "train"].groupby("step"):
        yield "learning_rate", step, rows.learning_rate.iloc[0]


def test_a_stopped_run_has_every_number_once(tmp_path, files, settings_of, monkeypatch):
    model, output = settings_of(method="mtsk-ms"), tmp_path / "out"
    step = trainer_module.Trainer._step

    def stopping(self, *arguments):
        step(self, *arguments)
        if self.progress.step == 5:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(trainer_module.Trainer, "_step", stopping)
        train(output, model=model, training=TRAINING, **files)
    assert len(scalars(output / "tensorboard")) > 5
    train(output, model=model, training=TRAINING, **files)
    found = scalars(output / "tensorboard")
    wanted = list(expected(output / "metrics.csv"))
    assert [(tag, step) for tag, step, _ in sorted(found)] == [(t, s) for t, s, _ in sorted(wanted)]
    values = [pytest.approx(value, rel=1e-5, abs=1e-6) for _, _, value in sorted(wanted)]
    assert [value for _, _, value in sorted(found)] == values


def test_without_them_the_run_is_the_same_and_old_ones_go(tmp_path, files, settings_of):
    model, output = settings_of(method="mtsk-ms"), tmp_path / "out"
    train(output, model=model, training=TRAINING, **files)
    first = (output / "metrics.csv").read_bytes()
    plain = TrainingSettings(**{**asdict(TRAINING), "tensorboard": False})
    train(output, model=model, training=plain, **files)
    assert (output / "metrics.csv").read_bytes() == first
    assert not (output / "tensorboard").exists()
    run = json.loads((output / "run.json").read_text())
    assert run["training"]["tensorboard"] is False


def test_the_state_of_a_run_without_them_is_taken_up_with_them():
    plain = TrainingSettings(**{**asdict(TRAINING), "tensorboard": False})
    assert deciding_settings(plain) == deciding_settings(TRAINING)


def test_the_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with (
        pytest.raises(InputError, match=r"needs the package tensorboardX .*metrics.csv has"),
        event_files(tmp_path / "events", True),
    ):
        pass
    with event_files(tmp_path / "events", False) as report:
        report({})
    assert not (tmp_path / "events").exists()
