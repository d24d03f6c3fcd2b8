"""Which scales a step computes, what their losses weigh, which clips lose a modality."""

from collections import Counter
from dataclasses import replace

import pytest

from mavsr.errors import InputError
from mavsr.model.adapters.settings import MomeSettings
from mavsr.training.objective import dropped_modality, objective_at
from mavsr.training.settings import TrainingSettings

RATES = {"audio_rates": (4, 16), "video_rates": (2, 5)}


def names(objective):
    return [scale.name for scale in objective.scales]


@pytest.fixture
def omni(settings_of):
    return settings_of(task="omni", method="omni-st", **RATES)


def test_a_step_of_omni_draws_one_audio_and_one_video_rate_for_its_three_tasks(omni):
    steps = [objective_at(omni, TrainingSettings(), 0, step) for step in range(400)]
    for step in steps:
        hears, sees, both = step.scales
        assert (hears.task, sees.task, both.task) == ("asr", "vsr", "avsr")
        assert both.rates == {**hears.rates, **sees.rates}
        assert step.weights == (1.0, 1.5, 1.0)
    drawn = Counter(step.scales[2].name for step in steps)
    assert set(drawn) == {"a4_v2", "a4_v5", "a16_v2", "a16_v5"}
    # Four standard deviations of a binomial count of 400 at a quarter.
    assert all(abs(count - 100) < 35 for count in drawn.values())


def test_a_step_is_a_function_of_seed_and_number_alone(omni):
    def steps(seed, numbers):
        return [objective_at(omni, TrainingSettings(), seed, n).scales for n in numbers]

    assert steps(0, range(20))[13] == steps(0, [13])[0]
    assert steps(0, range(20)) != steps(1, range(20))


def test_all_rates_of_omni_weigh_as_the_drawn_ones_do_on_average(omni):
    whole = objective_at(omni, TrainingSettings(rates_per_step="all"), 0, 0)
    assert names(whole) == [scale.name for scale in omni.scales]
    shares = Counter()
    for scale, weight in zip(whole.scales, whole.weights, strict=True):
        shares[scale.task] += weight / len(whole.scales)
    assert shares == pytest.approx({"asr": 1 / 3, "vsr": 1.5 / 3, "avsr": 1 / 3})


def test_weights_of_tasks_are_the_configs(omni):
    training = TrainingSettings(task_weights={"asr": 2.0, "vsr": 0.5, "avsr": 3.0})
    assert objective_at(omni, training, 0, 0).weights == (2.0, 0.5, 3.0)


@pytest.mark.parametrize("method", ["mtsk-ms", "mome-ffn", "llama-avsr"])
def test_other_methods_compute_every_scale_alike_unless_rates_are_drawn(settings_of, method):
    rates = {"audio_rates": (4,), "video_rates": (2,)} if method == "llama-avsr" else RATES
    settings = settings_of(method=method, **rates)
    whole = objective_at(settings, TrainingSettings(), 0, 3)
    assert names(whole) == [scale.name for scale in settings.scales]
    assert whole.weights == (1.0,) * len(settings.scales)
    drawn = objective_at(settings, TrainingSettings(rates_per_step="drawn"), 0, 3)
    assert len(drawn.scales) == 1
    assert drawn.weights == (1.0,)
    assert drawn.scales[0] in settings.scales


def test_weights_of_scales_stay_those_of_mome(settings_of):
    mome = MomeSettings(5, 1, 2, 3, scale_weights=(("a16_v5", 2.0),))
    settings = settings_of(method="mome-ffn", mome=mome, **RATES)
    assert objective_at(settings, TrainingSettings(), 0, 0).weights == (1.0, 1.0, 1.0, 2.0)


def test_modality_dropout_is_drawn_by_seed_epoch_and_clip():
    training = TrainingSettings(audio_dropout=0.3, video_dropout=0.1)
    keys = [f"clip{n}" for n in range(500)]

    def drawn(seed, epoch):
        return {key: dropped_modality(training, seed, epoch, key) for key in keys}

    counts = Counter(drawn(0, 0).values())
    # Four standard deviations.
    assert abs(counts["audio"] - 150) < 41
    assert abs(counts["video"] - 50) < 27
    assert drawn(0, 0) == {key: drawn(0, 0)[key] for key in reversed(keys)}
    assert drawn(0, 0) != drawn(0, 1)
    assert drawn(0, 0) != drawn(1, 0)
    assert {dropped_modality(TrainingSettings(), 0, 0, key) for key in keys} == {None}
    every = replace(training, audio_dropout=0.9, video_dropout=0.1)
    assert None not in {dropped_modality(every, 0, 0, key) for key in keys}


def test_no_clip_loses_both_modalities():
    with pytest.raises(InputError, match="more than all clips together; lower one"):
        TrainingSettings(audio_dropout=0.6, video_dropout=0.5)
