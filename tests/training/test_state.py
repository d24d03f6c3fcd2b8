"""What becomes of the state of an interrupted run: resumed whole, or given up."""

import hashlib
import io
import json
import os
import signal
from dataclasses import asdict, replace
from random import Random

import pytest
import torch
from tiny import DIMS, make_utterance

from mavsr.model.avsr import MatryoshkaModel
from mavsr.training.settings import TrainingSettings, deciding_settings
from mavsr.training.state import ResumeState, fingerprint
from mavsr.training.trainer import Trainer

LENGTHS = {f"clip{n}": 4 + n for n in range(6)}
SETTINGS = TrainingSettings(epochs=2, learning_rate=2e-2, batch_frames=18)
STOPPED = 4


@pytest.fixture
def make(settings_of, tmp_path):
    def trainer(code="first", settings=SETTINGS, lengths=LENGTHS, **changes):
        model = MatryoshkaModel(settings_of(**{"method": "mtsk-ss", **changes}), DIMS)
        clips = {key: make_utterance(key, n) for key, n in lengths.items()}
        state = ResumeState(tmp_path / "resume" / "state.pt", "same", code)
        return Trainer(model, settings, 0, [clips], {}, lengths, state)

    return trainer


def weights(trainer):
    return [parameter.detach().clone() for parameter in trainer.model.trainable()]


@pytest.fixture
def whole(make):
    """Weights and metrics of a run that nothing disturbed."""
    trainer = make()
    return trainer.run(), weights(trainer)


@pytest.fixture
def left(make, whole, monkeypatch):
    """The file that a run left when it was told to stop."""
    trainer, step = make(), Trainer._step

    def stopping(self, *arguments):
        step(self, *arguments)
        if self.progress.step == STOPPED:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_step", stopping)
        with pytest.raises(SystemExit):
            trainer.run()
    return trainer.resume.path


def ends_alike(trainer, whole):
    rows = trainer.run()
    assert rows == whole[0]
    assert all(torch.equal(a, b) for a, b in zip(weights(trainer), whole[1], strict=True))


def cut(content):
    return content[: len(content) // 2]


def zeroed(content):
    return bytes(len(content))


def without_a_page(content):
    middle = len(content) // 2
    return content[:middle] + bytes(4096) + content[middle + 4096 :]


def flipped(content):
    """A few thousand bytes of tensors: the structure is whole, and torch reads it."""
    spoilt, random = bytearray(content), Random(0)
    for place in random.sample(range(len(content) // 4, 3 * len(content) // 4), 2000):
        spoilt[place] ^= 0xFF
    return bytes(spoilt)


def unsealed(content):
    """As an earlier version left it."""
    return content[:-64]


@pytest.mark.parametrize(
    "damage", [lambda content: b"", cut, zeroed, without_a_page, flipped, unsealed]
)
def test_a_damaged_state_is_given_up(make, whole, left, caplog, damage):
    content = left.read_bytes()
    left.write_bytes(damage(content))
    assert left.read_bytes() != content
    ends_alike(make(), whole)
    assert "checksum is another one; starting afresh" in caplog.text
    assert "resuming" not in caplog.text


def test_a_state_of_a_version_that_kept_less_goes_on(make, whole, left, caplog):
    state = torch.load(io.BytesIO(left.read_bytes()[:-64]), weights_only=True)
    for name in ("seconds", "best_epoch"):
        del state["progress"][name]
    torch.save(state, left)
    content = left.read_bytes()
    left.write_bytes(content + hashlib.sha256(content).hexdigest().encode())
    with caplog.at_level("INFO"):
        ends_alike(make(), whole)
    assert f"resuming at step {STOPPED}" in caplog.text


def test_a_run_goes_on_by_other_code_and_tells(make, whole, left, caplog):
    trainer = make(code="second")
    with caplog.at_level("INFO"):
        ends_alike(trainer, whole)
    assert f"resuming at step {STOPPED}" in caplog.text
    assert f"goes on with the new code from step {STOPPED}" in caplog.text
    assert trainer.progress.code == [
        {"digest": "first", "from_step": 0},
        {"digest": "second", "from_step": STOPPED},
    ]


def test_a_run_that_goes_on_by_the_same_code_has_one(make, whole, left, caplog):
    trainer = make()
    ends_alike(trainer, whole)
    assert trainer.progress.code == [{"digest": "first", "from_step": 0}]
    assert "code has changed" not in caplog.text


@pytest.mark.parametrize(
    "changes",
    [
        {"projector_hidden": 20},
        {"settings": replace(SETTINGS, epochs=3)},
        {"lengths": LENGTHS | {"clip9": 12}},
    ],
)
def test_a_state_that_does_not_fit_what_the_code_trains_now_is_given_up(
    make, left, caplog, changes
):
    """Settings and data are in the fingerprint; a change of code may do the same."""
    trainer = make(code="second", **changes)
    trainer.run()
    assert "trains other weights or other steps; starting afresh" in caplog.text
    assert trainer.progress.code == [{"digest": "second", "from_step": 0}]


@pytest.mark.parametrize("change", [{"pack_tokens": 60}, {"gradient_checkpointing": True}])
def test_what_saves_memory_is_no_other_run(change):
    assert deciding_settings(replace(SETTINGS, **change)) == deciding_settings(SETTINGS)


def test_a_fingerprint_is_that_of_the_time_before_quantisation(settings_of):
    settings, inputs = settings_of(), {"llm_sha256": {"config.json": "1"}}
    before = {k: v for k, v in asdict(settings).items() if k != "quantization"}
    text = json.dumps([before, deciding_settings(SETTINGS), inputs], sort_keys=True)
    found = fingerprint(settings, SETTINGS, inputs)
    assert found == hashlib.sha256(text.encode()).hexdigest()
    assert found != fingerprint(replace(settings, quantization="nf4"), SETTINGS, inputs)
    assert found != fingerprint(replace(settings, seed=1), SETTINGS, inputs)
    assert found != fingerprint(settings, replace(SETTINGS, epochs=9), inputs)
    assert found != fingerprint(settings, SETTINGS, {})
