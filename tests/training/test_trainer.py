import math
from dataclasses import replace

import pytest
import torch
from trained import SETTINGS, weights

from mavsr.errors import InputError
from mavsr.model.avsr import Utterance
from mavsr.training.objective import objective_at
from mavsr.training.settings import TrainingSettings


def test_the_loss_falls(make):
    trainer = make(settings=TrainingSettings(epochs=20, learning_rate=2e-2, batch_frames=26))
    rows = [row for row in trainer.run() if row["split"] == "train"]
    for scale in trainer.model.settings.scales:
        losses = [row["loss"] for row in rows if row["scale"] == scale.name]
        assert sum(losses[-10:]) < 0.85 * sum(losses[:10])


def test_rows_tell_every_step_and_scale(make):
    trainer = make()
    rows, steps = trainer.run(), len(trainer.steps)
    scales = [scale.name for scale in trainer.model.settings.scales]
    train = [row for row in rows if row["split"] == "train"]
    expected = [(step, scale) for step in range(steps) for scale in scales]
    assert [(row["step"], row["scale"]) for row in train] == expected
    val = [row for row in rows if row["split"] == "val"]
    assert [(row["epoch"], row["scale"]) for row in val] == [
        (e, s) for e in range(3) for s in scales
    ]
    with torch.no_grad():
        last = trainer.model.loss(
            list(trainer.validation.values()), trainer.model.settings.scales[0]
        )
    assert val[-len(scales)]["loss"] == pytest.approx(last.item(), abs=1e-6)


def test_a_step_of_three_tasks_tells_its_drawn_rates_and_validation_all(make):
    trainer = make(method="omni-t", task="omni")
    rows = trainer.run()
    for step in range(len(trainer.steps)):
        found = [row["scale"] for row in rows if (row["split"], row["step"]) == ("train", step)]
        drawn = objective_at(trainer.model.settings, SETTINGS, 0, step)
        assert found == [scale.name for scale in drawn.scales]
    scales = [scale.name for scale in trainer.model.settings.scales]
    last = [row["scale"] for row in rows if row["split"] == "val" and row["epoch"] == 2]
    assert last == scales


def test_projectors_of_rates_that_a_step_did_not_draw_stay_as_they_are(make):
    trainer = make(method="mtsk-ms", settings=replace(SETTINGS, rates_per_step="drawn"))
    before = {n: p.detach().clone() for n, p in trainer.model.projectors.named_parameters()}
    trainer._step(0, [], list(trainer.views[0].values())[:3])
    (drawn,) = objective_at(trainer.model.settings, trainer.settings, 0, 0).scales
    used = {f"{modality}_{rate}" for modality, rate in drawn.rates.items()}
    for name, parameter in trainer.model.projectors.named_parameters():
        assert torch.equal(parameter, before[name]) == (name.split(".")[0] not in used), name


def test_dropped_modalities_reach_the_step(make):
    plain, dropping = make(), make(settings=replace(SETTINGS, audio_dropout=0.999))
    batch = list(plain.views[0].values())[:3]
    placed = [dropping._placed(clip, 0) for clip in batch]
    assert [clip.dropped for clip in placed] == ["audio"] * 3
    assert [plain._placed(clip, 0).dropped for clip in batch] == [None] * 3
    dropping._step(0, [], batch)
    for name, parameter in dropping.model.projectors.named_parameters():
        assert (parameter.grad is None) == name.startswith("audio"), name


def test_each_epoch_takes_its_view(make, monkeypatch):
    trainer, seen = make(), []
    losses = trainer.losses

    def spy(batch, backward, objective):
        seen.append([utterance.key for utterance in batch])
        return losses(batch, backward, objective)

    monkeypatch.setattr(trainer, "losses", spy)
    trainer.run()
    assert seen == [[f"{epoch % 2}{key}" for key in batch] for epoch, batch in trainer.steps]


def test_a_step_averages_the_gradients_of_all_scales(make):
    settings = TrainingSettings(epochs=1, batch_frames=26, clip=1e9, learning_rate=1e-9)
    trainer, other = make(settings=settings), make(settings=settings)
    batch = list(other.views[0].values())[:3]
    trainer._step(0, [u.key for u in batch], batch)
    scales = other.model.settings.scales
    mean = sum(other.model.loss(batch, scale) for scale in scales) / len(scales)
    mean.backward()
    for ours, theirs in zip(trainer.parameters, other.parameters, strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-6, rtol=1e-4)


def test_gradients_are_clipped_before_the_step(make):
    trainer = make(settings=TrainingSettings(epochs=1, batch_frames=26, clip=1e-3))
    trainer._step(0, [], list(trainer.views[0].values())[:3])
    norm = torch.stack([p.grad.norm() for p in trainer.parameters]).norm()
    assert norm <= 1.001e-3


def test_steps_are_adamw_on_every_weight_after_clipping(make):
    """The update written out: decay on biases too, and moments of clipped gradients."""
    chosen = {"betas": (0.8, 0.9), "weight_decay": 0.3, "clip": 1.48, "warmup": 0.3}
    settings = TrainingSettings(epochs=1, batch_frames=26, learning_rate=1e-2, **chosen)
    trainer, other = make(settings=settings), make(settings=settings)
    batch = list(other.views[0].values())[:3]
    first = [torch.zeros_like(p) for p in other.parameters]
    second = [torch.zeros_like(p) for p in other.parameters]
    clipped = []
    for step in range(4):
        other.optimizer.zero_grad()
        other.losses(batch, backward=True)
        norm = torch.stack([p.grad.norm() for p in other.parameters]).norm()
        clipped.append(bool(norm > 1.48))
        rate = other.learning_rate(step)
        with torch.no_grad():
            for p, m, v in zip(other.parameters, first, second, strict=True):
                gradient = p.grad * min(1.0, 1.48 / norm)
                m.mul_(0.8).add_(0.2 * gradient)
                v.mul_(0.9).add_(0.1 * gradient**2)
                p.mul_(1 - rate * 0.3)
                likely = (m / (1 - 0.8 ** (step + 1)), v / (1 - 0.9 ** (step + 1)))
                p.sub_(rate * likely[0] / (likely[1].sqrt() + 1e-8))
        trainer._step(0, [], batch)
        for ours, theirs in zip(trainer.parameters, other.parameters, strict=True):
            torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)
    assert any(clipped)
    assert not all(clipped)


def test_the_rate_falls_as_half_a_cosine(make):
    trainer = make(settings=replace(SETTINGS, warmup=0.0))
    steps = len(trainer.steps)
    shares = [trainer.learning_rate(steps * part) / 2e-2 for part in (0, 1 / 3, 1 / 2, 2 / 3, 1)]
    assert shares == pytest.approx([1, 0.75, 0.5, 0.25, 0])


def test_the_rate_rises_then_falls_to_zero(make):
    trainer = make()
    steps = len(trainer.steps)
    rates = [trainer.learning_rate(step) for step in range(steps)]
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert top == math.ceil(0.2 * steps)
    assert 0.9 * SETTINGS.learning_rate < max(rates) <= SETTINGS.learning_rate
    assert trainer.learning_rate(steps) == pytest.approx(0, abs=1e-12)
    rows = trainer.run()
    assert [r["learning_rate"] for r in rows if r["split"] == "train"][::4] == rates


def test_features_that_are_not_numbers_name_the_clips(make):
    trainer = make(spoil="clip3")
    batch = next(batch for epoch, batch in trainer.steps if "clip3" in batch and epoch == 0)
    with pytest.raises(InputError, match=r"loss is nan at step \d+, scale a2_v1") as caught:
        trainer.run()
    assert f"clips {', '.join(batch)};" in str(caught.value)
    assert all(torch.isfinite(weight).all() for weight in weights(trainer))


def test_gradients_that_are_not_numbers_name_the_clips_and_change_nothing(make, monkeypatch):
    trainer = make()
    losses, before = trainer.losses, weights(trainer)

    def overflow(batch, backward, objective):
        found = losses(batch, backward, objective)
        trainer.parameters[0].grad[0] = math.inf
        return found

    monkeypatch.setattr(trainer, "losses", overflow)
    with pytest.raises(InputError, match="norm of the gradients is inf at step 0") as caught:
        trainer.run()
    assert f"clips {', '.join(trainer.steps[0][1])};" in str(caught.value)
    assert all(torch.equal(a, b) for a, b in zip(weights(trainer), before, strict=True))


def test_a_spoilt_validation_clip_is_named_after_the_first_epoch(make):
    trainer = make()
    clip = trainer.validation["v2"]
    tokens = {m: torch.full_like(t, math.nan) for m, t in clip.tokens.items()}
    trainer.validation["v2"] = Utterance("v2", clip.text, tokens)
    with pytest.raises(InputError, match=r"after epoch 1 .* a2_v1 is nan; .* numbers: v2\. Make"):
        trainer.run()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("epochs", 0),
        ("learning_rate", 0.0),
        ("clip", -1.0),
        ("batch_frames", 0),
        ("save_every_s", 0.0),
        ("warmup", 1.0),
        ("warmup", -0.1),
        ("weight_decay", -0.1),
        ("betas", (0.9, 1.0)),
        ("precision", "half"),
        ("checkpoint", "first"),
        ("validation_utterances", -1),
        ("workers", -1),
        ("pack_tokens", -1),
    ],
)
def test_settings_are_checked_when_made(key, value):
    with pytest.raises(InputError, match=rf"training\.{key}(\.1)? is"):
        TrainingSettings(**{key: value})
