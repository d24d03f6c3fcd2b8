"""Which scale a budget or real time picks."""

import pytest

from mavsr.errors import InputError
from mavsr.model.scales import Scale
from mavsr.recognition.choose import RealTime, finest_first, read_budget, ten_second_tflops, within
from mavsr.recognition.segment import NOTHING, Reading, Segment

FINE, MIDDLE, COARSE = Scale(4, 2), Scale(16, 2), Scale(16, 5)


def test_the_cost_of_ten_seconds_is_the_papers():
    # Llama-MTSK, Table 4: 500/4 + 250/2 audio and video tokens, 7 of the prompt, 2 FLOPs a weight.
    assert ten_second_tflops(FINE, 10**9, 7) == pytest.approx(2 * 257 * 1e-3)


@pytest.mark.parametrize(
    ("text", "tera"),
    [("0.5tflops", 0.5), ("20 GFLOPs", 0.02), (".3TFLOPS", 0.3), ("5mflops", 5e-6)],
)
def test_budgets_are_read(text, tera):
    assert read_budget(text) == pytest.approx(tera)


@pytest.mark.parametrize("text", ["5", "5 flops", "-1tflops", "x", "1e9tflops", ""])
def test_what_is_no_budget_is_refused(text):
    with pytest.raises(InputError, match=r"write it like 0\.5tflops"):
        read_budget(text)


def test_the_dearest_scale_within_the_budget_is_taken():
    costs = {FINE: 0.5, MIDDLE: 0.3, COARSE: 0.1}
    assert within("0.5tflops", costs) == FINE
    assert within("0.4tflops", costs) == MIDDLE
    assert within("100gflops", costs) == COARSE
    with pytest.raises(InputError, match=r"at least 0.1 TFLOPs \(scale a16_v5\)"):
        within("99gflops", costs)
    with pytest.raises(InputError, match=r"at least 23.5 MFLOPs \(scale a16_v5\)"):
        within("1mflops", {COARSE: 2.35e-5})


def test_scales_are_ordered_by_their_tokens():
    assert finest_first([COARSE, MIDDLE, FINE]) == [FINE, MIDDLE, COARSE]


@pytest.mark.parametrize(
    ("seconds", "shared", "chosen", "told"),
    [
        ((1, 1, 1), 1, FINE, "is used"),
        ((9, 4, 1), 2, MIDDLE, "is used"),
        ((9, 8, 5), 2, COARSE, "is used"),
        ((30, 20, 11), 2, COARSE, "no scale keeps up"),
    ],
)
def test_the_finest_scale_that_keeps_up_is_taken(seconds, shared, chosen, told, caplog):
    caplog.set_level("INFO")
    scales = [COARSE, MIDDLE, FINE]
    spent = dict(zip((FINE, MIDDLE, COARSE), seconds, strict=True))
    readings = {s.name: Reading("", 1, 1, 1, spent[s] / 2, (), s.name) for s in scales}
    segments = [Segment(0, 4, readings), Segment(6, 10, readings)]
    assert RealTime(scales)(segments, shared) == [chosen]
    assert told in caplog.text


def test_a_scale_that_has_nothing_to_read_is_not_the_fastest():
    """Where a recording has no video, a model of three tasks hears it however long that takes."""
    heard, seen = Scale(4), Scale(video=2)
    readings = {"a4": Reading("so", 1, 1, 1, 9.0, (1.0,), "a4"), "v2": NOTHING}
    assert RealTime([heard, seen])([Segment(0, 4, readings)], 1.0) == [heard]
    silent = dict.fromkeys(readings, NOTHING)
    assert RealTime([heard, seen])([Segment(0, 4, silent)], 1.0) == [heard]
