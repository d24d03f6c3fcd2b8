"""Packs hold every clip at every scale once, within their bound, and no prefix twice."""

import pytest
from planned import METHODS, RAGGED, run

from mavsr.training import plans
from mavsr.training.objective import objective_at
from mavsr.training.packs import plan_packs
from mavsr.training.plans import Packed
from mavsr.training.settings import TrainingSettings


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("tokens", [1, 60, 200, 10**6])
def test_packs_hold_everything_once_and_keep_their_bound(make_model, method, tokens):
    model = make_model(method)
    packs = list(plan_packs(model, RAGGED, tokens))
    found = [(s.clip, *s.scales) for p in packs for s in p.segments if s.transcribes]
    expected = [(clip, scale) for clip in range(len(RAGGED)) for scale in model.settings.scales]
    assert sorted(found) == sorted(expected)
    for pack in packs:
        layout = pack.layout(model, RAGGED)
        assert layout.tokens <= tokens or len(pack.trees) == 1
        assert len(pack.row(model, RAGGED)) == layout.tokens


def test_only_where_it_learns_does_mome_take_all_clips_of_a_scale_at_once(make_model, monkeypatch):
    asked = []

    def spy(*arguments):
        asked.append(arguments[-1])
        return plan_packs(*arguments)

    monkeypatch.setattr(plans, "plan_packs", spy)
    for method, expected in (("mome-ffn", [True, False]), ("mtsk-ms", [False, False])):
        model = make_model(method)
        run(model, Packed("segments", 60))
        Packed("segments", 60).losses(model, RAGGED, 1)
        assert asked == expected
        asked.clear()


@pytest.mark.parametrize(("tokens", "packs"), [(10**6, 1), (250, 2), (1, 3)])
def test_scales_that_stay_whole_share_packs_that_have_room(make_model, tokens, packs):
    model = make_model("mome-mhsa", "asr")
    found = list(plan_packs(model, RAGGED, tokens, whole=True))
    assert [scale for pack in found for scale in pack.scales] == model.settings.scales
    assert len(found) == packs
    assert all(p.layout(model, RAGGED).tokens <= tokens or len(p.scales) == 1 for p in found)


def test_ms_computes_an_audio_prefix_once_and_ss_for_every_scale(make_model):
    def audio(method):
        model = make_model(method)
        segments = [s for p in plan_packs(model, RAGGED, 10**6) for s in p.segments]
        return sum(("audio", 2) in s.rates for s in segments)

    assert audio("mtsk-ms") == len(RAGGED)
    assert audio("mtsk-ss") == 2 * len(RAGGED)


@pytest.mark.parametrize(("method", "times"), [("omni-s", 1), ("omni-mome", 1), ("omni-t", 2)])
def test_asr_and_avsr_share_their_audio_where_their_weights_are_the_same(make_model, method, times):
    model = make_model(method, "omni")
    objective = objective_at(model.settings, TrainingSettings(), 0, 0)
    packs = plan_packs(model, RAGGED, 10**6, objective.scales)
    segments = [s for pack in packs for s in pack.segments]
    heard = ("audio", objective.scales[0].audio)
    assert sum(heard in s.rates for s in segments) == times * len(RAGGED)
