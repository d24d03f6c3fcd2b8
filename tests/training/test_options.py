"""Precision, gradient checkpointing, validation, and what is checked before the first step."""

import math
from dataclasses import replace

import pytest
import torch
from tiny import DIMS, make_utterance, save_other_llm, scramble

from mavsr.errors import InputError
from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.training import train as train_module
from mavsr.training.checks import check_lengths, check_logits, check_step
from mavsr.training.plans import Packed, Padded, plan_for
from mavsr.training.settings import TrainingSettings
from mavsr.training.state import ResumeState
from mavsr.training.trainer import Trainer
from mavsr.training.validation import sample_keys

LENGTHS = {f"clip{n}": 4 + n for n in range(8)}
SETTINGS = TrainingSettings(epochs=2, learning_rate=2e-2, batch_frames=26)


@pytest.fixture
def make(settings_of, tmp_path):
    def trainer(settings=SETTINGS, validation=("v1", "v2"), plan=None, **changes):
        model = MatryoshkaModel(settings_of(**{"method": "mtsk-ms", **changes}), DIMS)
        view = {key: make_utterance(key, n) for key, n in LENGTHS.items()}
        held_out = {key: make_utterance(key, 6) for key in validation}
        state = ResumeState(tmp_path / "state.pt", "same", "code")
        return Trainer(model, settings, 0, [view], held_out, LENGTHS, state, plan=plan)

    return trainer


def gradients(trainer):
    trainer.losses(list(trainer.views[0].values()), backward=True)
    return [p.grad.clone() for p in trainer.parameters]


@pytest.mark.parametrize("method", ["mtsk-ms", "mtsk-ss", "mome-ffn", "mome-layer"])
@pytest.mark.parametrize("plan", [Padded(), Packed("segments", 120)])
def test_gradient_checkpointing_changes_no_gradient(make, monkeypatch, method, plan):
    plain = make(method=method, plan=plan)
    saving = make(replace(SETTINGS, gradient_checkpointing=True), method=method, plan=plan)
    for trainer in (plain, saving):
        scramble(trainer.model)
    layer = type(saving.model.llm.get_decoder().layers[0].mlp)
    calls, forward = [], layer.forward
    monkeypatch.setattr(layer, "forward", lambda s, x: calls.append(1) or forward(s, x))
    expected = gradients(plain)
    once = len(calls)
    found = gradients(saving)
    assert len(calls) - once == 2 * once, "each layer should be computed twice"
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)


def test_precisions_give_weights_their_formats_and_still_learn(make):
    formats = {
        "float32": (torch.float32, torch.float32),
        "bf16": (torch.bfloat16, torch.float32),
        "bf16-true": (torch.bfloat16, torch.bfloat16),
    }
    losses = {}
    for precision, (frozen, trained) in formats.items():
        trainer = make(replace(SETTINGS, precision=precision, epochs=6))
        trainable = {id(p) for p in trainer.parameters}
        assert {p.dtype for p in trainer.parameters} == {trained}
        others = [p for p in trainer.model.llm.parameters() if id(p) not in trainable]
        assert {p.dtype for p in others} == {frozen}
        rows = [row["loss"] for row in trainer.run() if row["split"] == "train"]
        assert sum(rows[-4:]) < sum(rows[:4])
        losses[precision] = rows[0]
    assert losses["bf16"] == pytest.approx(losses["float32"], rel=0.05)
    assert losses["bf16"] != losses["float32"]


def test_weight_decay_acts_on_float32_and_not_on_bfloat16(make):
    def shrunk(precision):
        settings = replace(SETTINGS, precision=precision, weight_decay=0.1, learning_rate=1e-3)
        trainer = make(settings)
        before = [p.detach().clone() for p in trainer.parameters]
        for parameter in trainer.parameters:
            parameter.grad = torch.zeros_like(parameter)
        trainer.optimizer.step()
        pairs = zip(trainer.parameters, before, strict=True)
        return sum(float((a != b).sum()) for a, b in pairs)

    assert shrunk("bf16") > 0
    assert shrunk("bf16-true") == 0


def test_best_keeps_the_weights_of_least_validation_loss(make, monkeypatch):
    trainer = make(replace(SETTINGS, epochs=3, checkpoint="best"))
    seen = []
    validate = trainer._validate

    def spy(epoch):
        validate(epoch)
        seen.append([p.detach().clone() for p in trainer.parameters])

    monkeypatch.setattr(trainer, "_validate", spy)
    scores = iter([2.0, 1.0, 3.0])

    def fixed(model, *_):
        from mavsr.training.validation import Score

        return [Score(loss, math.nan) for loss in [next(scores)] * len(model.settings.scales)]

    monkeypatch.setattr("mavsr.training.trainer.validate", fixed)
    trainer.run()
    assert all(torch.equal(a, b) for a, b in zip(trainer.parameters, seen[1], strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(trainer.parameters, seen[2], strict=True))
    assert trainer.kept_epoch == 1


def test_validation_transcribes_the_same_sample_every_epoch(make, monkeypatch):
    heard = []

    def greedy(model, utterances, scale, longest):
        heard.append([u.key for u in utterances])
        return [u.text.upper() if n else "wrong" for n, u in enumerate(utterances)]

    monkeypatch.setattr("mavsr.training.validation._greedy", greedy)
    keys = [f"v{n}" for n in range(9)]
    trainer = make(replace(SETTINGS, validation_utterances=3), validation=keys)
    rows = [row for row in trainer.run() if row["split"] == "val"]
    assert heard == [sample_keys(keys, 3)] * len(rows)
    texts = [trainer.validation[key].text.split() for key in heard[0]]
    expected = 100 * max(len(texts[0]), 1) / sum(map(len, texts))
    assert [row["wer"] for row in rows] == pytest.approx([expected] * len(rows))


def test_a_sample_depends_on_names_alone():
    keys = [f"k{n}" for n in range(50)]
    assert sample_keys(keys, 7) == sample_keys(keys[::-1], 7)
    assert len(set(sample_keys(keys, 7))) == 7
    assert sample_keys(keys[:3], 7) == keys[:3]


def test_checks_leave_everything_as_it_was(make, caplog):
    caplog.set_level("INFO")
    trainer, other = make(), make()
    check_step(trainer, LENGTHS)
    assert "GB free" in caplog.text
    trainer.run()
    trainer.resume.path.unlink(missing_ok=True)
    other.run()
    assert all(torch.equal(a, b) for a, b in zip(trainer.parameters, other.parameters, strict=True))


def test_a_spoilt_validation_clip_is_named_before_training(make):
    trainer = make()
    clip = trainer.validation["v1"]
    bad = {m: torch.full_like(x, math.nan) for m, x in clip.tokens.items()}
    trainer.validation["v1"] = Utterance("v1", clip.text, bad)
    with pytest.raises(InputError, match=r"before training, the validation loss is nan.*v1, v2"):
        check_step(trainer, LENGTHS)


def test_clips_without_a_token_are_refused_and_short_ones_counted(make, caplog):
    trainer = make()
    lengths = {"a": {"audio": 3, "video": 2}, "b": {"audio": 40, "video": 20}}
    check_lengths(trainer, lengths)
    assert "1 of 2 clips, such as a, have fewer than 4 audio tokens" in caplog.text
    lengths["c"] = {"audio": 0, "video": 9}
    with pytest.raises(InputError, match="clip c has no audio token, so no scale can use it"):
        check_lengths(trainer, lengths)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("granite", {"logits_scaling": 8.0}),
        ("cohere", {"logit_scale": 0.0625}),
        ("gemma2", {"final_logit_softcapping": 1.0, "head_dim": 8}),
    ],
)
def test_an_llm_that_changes_its_logits_is_refused(make, tmp_path, name, sizes):
    folder = save_other_llm(tmp_path / name, name, **sizes)
    with pytest.raises(InputError, match=rf"LLM '{folder}' \({name}\) scales or caps the logits"):
        check_logits(make(llm=str(folder)).model)


@pytest.mark.parametrize("precision", ["float32", "bf16", "bf16-true"])
@pytest.mark.parametrize("method", ["mtsk-mss", "mome-layer"])
def test_in_any_precision_an_llm_that_leaves_its_logits_is_taken(make, method, precision):
    trainer = make(replace(SETTINGS, precision=precision), method=method)
    for parameter in trainer.parameters:
        torch.nn.init.normal_(parameter, std=0.3)
    check_logits(trainer.model)


def test_the_plan_suits_device_and_llm(make):
    model = make().model
    assert plan_for(model, torch.device("cpu")) == Packed("segments", 1024)
    assert plan_for(model, torch.device("cuda")) == Packed("flex", 16384)
    assert plan_for(model, torch.device("cpu"), 77) == Packed("segments", 77)
    model.llm.config.layer_types = ["full_attention", "sliding_attention"]
    assert plan_for(model, torch.device("cpu")) == Padded()


def test_how_every_view_was_pooled_is_looked_at(settings_of, tmp_path, monkeypatch):
    looked = []

    def stop(*_):
        raise InputError("far enough")

    monkeypatch.setattr(train_module, "check_pooling", lambda model, part: looked.append(part))
    monkeypatch.setattr(train_module, "parts_of", lambda source: [source])
    monkeypatch.setattr(train_module, "llm_folder", stop)
    views, validation = ["view 0", "view 1"], "validation"
    with pytest.raises(InputError, match="far enough"):
        train_module.fit(
            "x", tmp_path, settings_of(), TrainingSettings(), views, validation, None, {}, None
        )
    assert looked == [*views, validation]
