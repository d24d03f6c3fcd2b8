"""A training that is stopped or killed ends as one that was not."""

import os
import signal
from dataclasses import replace
from functools import partial

import pytest
import torch
from trained import SETTINGS, weights

from mavsr.training.plans import Packed, Padded


def same_end(first, second):
    """Bit-identical weights, and the same metrics."""
    assert all(torch.equal(a, b) for a, b in zip(weights(first), weights(second), strict=True))
    assert first.progress.rows == second.progress.rows


@pytest.fixture
def undisturbed(make):
    trainer = make()
    trainer.run()
    assert not trainer.resume.path.exists()
    return trainer


def stop_after(trainer, monkeypatch, steps, action):
    original = trainer._step

    def step(*arguments):
        original(*arguments)
        if trainer.progress.step == steps:
            action()

    monkeypatch.setattr(trainer, "_step", step)


@pytest.mark.parametrize("where", [1, 4, "epoch", "last"])
def test_sigterm_saves_and_the_next_run_ends_alike(make, undisturbed, monkeypatch, where):
    plan = undisturbed.steps
    step = {"epoch": sum(epoch == 0 for epoch, _ in plan), "last": len(plan)}.get(where, where)
    trainer = make()
    stop_after(trainer, monkeypatch, step, lambda: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as stopped:
        trainer.run()
    assert stopped.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before
    resumed = make()
    resumed.run()
    assert resumed.earlier_s >= trainer.progress.seconds > 0
    same_end(resumed, undisturbed)


@pytest.mark.parametrize(
    ("plan", "method"),
    [
        (Padded(), "mtsk-ss"),
        (Packed("segments", 60), "mtsk-ms"),
        (Packed("dense", 200), "mtsk-mss"),
        (Packed("segments", 60), "mome-ffn"),
        (Packed("segments", 60), "omni-st"),
    ],
)
def test_every_plan_resumes_to_the_same_bits(make, monkeypatch, plan, method):
    settings = replace(SETTINGS, epochs=2, audio_dropout=0.3, video_dropout=0.3)
    make = partial(make, settings=settings, plan=plan, method=method)
    make = partial(make, task="omni") if method.startswith("omni") else make
    whole = make()
    whole.run()
    stopped = make()
    stop_after(stopped, monkeypatch, 3, lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(SystemExit):
        stopped.run()
    resumed = make()
    resumed.run()
    same_end(resumed, whole)


def test_a_killed_run_goes_on_from_its_last_save(make, undisturbed, monkeypatch):
    class Killed(BaseException):
        pass

    def kill():
        raise Killed

    trainer = make(settings=replace(SETTINGS, save_every_s=250))
    clock = iter(range(0, 10**6, 100))
    monkeypatch.setattr("mavsr.training.trainer.time.monotonic", clock.__next__)
    stop_after(trainer, monkeypatch, 5, kill)
    with pytest.raises(Killed):
        trainer.run()
    monkeypatch.undo()
    saved = make().resume.load(trainer.parameters, trainer.optimizer, len(trainer.steps))
    assert saved.step == 3  # every third step, at 100 s a step
    resumed = make()
    resumed.run()
    same_end(resumed, undisturbed)


def test_a_state_of_other_settings_or_data_is_not_resumed(make, undisturbed, monkeypatch, caplog):
    trainer = make(fingerprint="other")
    stop_after(trainer, monkeypatch, 4, lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(SystemExit):
        trainer.run()
    fresh = make()
    fresh.run()
    assert "other settings or data; starting afresh" in caplog.text
    same_end(fresh, undisturbed)
