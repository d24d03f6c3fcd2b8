"""Figures of WER against cost and tokens, and of confidence."""

import pandas as pd
import pytest
from drawn import ADAPTIVE, CONFIDENCE, DIFFERENCES, ROWS, build, names_in_legend
from synthetic import score, table

from mavsr.errors import InputError
from mavsr.report.figure import figure_builder
from mavsr.report.figures.style import styled
from mavsr.report.sources import ReportSettings, Sources


def test_the_front_is_what_nothing_beats():
    points = [(1.0, 20.0, "mtsk-ms"), (2.0, 22.0, "mtsk-ss"), (3.0, 15.0, "llama-avsr")]
    rows = [score(m, 4, 2, wer, tflops=cost) for cost, wer, m in points]
    figure = build("figures/tradeoff", rows)
    (front,) = [line for line in figure.axes[0].lines if line.get_label() == "Pareto front"]
    assert front.get_ydata().tolist() == [20.0, 15.0, 15.0]
    assert names_in_legend(figure)[-1] == "Pareto front"


def test_adaptive_rates_are_a_curve_with_a_star_at_the_chosen_threshold():
    figure = build("figures/tradeoff")
    dotted = [line for line in figure.axes[0].lines if line.get_linestyle() == ":"]
    stars = [line for line in figure.axes[0].lines if line.get_marker() == "*"]
    assert [line.get_xydata()[0].tolist() for line in stars] == [pytest.approx([0.3, 11.0])] * 2
    assert dotted[0].get_ydata().tolist() == [12.0, 11.0, 10.0]
    assert "adaptive rates" in names_in_legend(figure)


def test_adaptive_rates_on_a_corpus_that_models_were_not_trained_on_are_drawn():
    there = {"corpus": "wild", "trained_on": "portrait"}
    figure = build(
        "figures/tradeoff",
        [{**row, **there} for row in ROWS["figures/tradeoff"]],
        adaptive=ADAPTIVE.assign(**there),
    )
    assert sum(line.get_marker() == "*" for line in figure.axes[0].lines) == 2


def test_differences_stand_at_their_values_with_their_own_intervals():
    figure = build("figures/tokens")
    upper, lower = figure.axes
    assert len(lower.containers) == 3, "the baseline does not differ from itself"
    for container in lower.containers:
        points, _, (bars,) = container
        assert set(points.get_ydata()) == {0.5}
        assert {tuple(segment[:, 1]) for segment in bars.get_segments()} == {(-0.75, 1.0)}
    assert upper.get_xlim() == lower.get_xlim()
    assert names_in_legend(figure) == [
        "Llama-AVSR",
        "Llama-MTSK MS",
        "Llama-MTSK SS",
        "Llama-MTSK MSS",
    ]


def test_differences_that_are_all_zero_have_an_axis_of_points():
    """Rounding errors of 1e-17 made an axis of their own, with an offset above it."""
    figure = build(
        "figures/tokens", differences=DIFFERENCES.assign(difference=1e-17, low=0, high=2e-17)
    )
    lowest, highest = figure.axes[1].get_ylim()
    assert lowest <= -0.5 and highest >= 0.5


def test_names_of_scales_stay_inside_their_panel():
    upper = build("figures/tokens").axes[0]
    top = upper.get_window_extent().y1
    assert upper.texts and all(text.get_window_extent().y1 <= top for text in upper.texts)


def test_differences_on_a_corpus_that_models_were_not_trained_on_are_drawn():
    """They were looked for under the corpus' name alone, and their panel stayed empty."""
    trained = {"portrait": 0.5, "b": 0.75}
    rows = [{**row, "trained_on": on} for row in ROWS["figures/tokens"] for on in trained]
    compared = [DIFFERENCES.assign(trained_on=on, difference=d) for on, d in trained.items()]
    sources = Sources(
        table(rows),
        ReportSettings(kinds={"portrait": "portrait"}),
        differences=pd.concat(compared, ignore_index=True),
    )
    with styled():
        figure = figure_builder("figures/tokens")(sources)
    columns = zip(figure.axes[:2], figure.axes[2:], strict=True)
    lower = {upper.get_ylabel(): below for upper, below in columns}
    for name, difference in (("portrait", 0.5), ("portrait (trained on b)", 0.75)):
        points = [container[0].get_ydata() for container in lower[f"WER (%), {name}"].containers]
        assert len(points) == 3
        assert {value for drawn in points for value in drawn} == {difference}


def test_without_a_baseline_there_is_one_panel():
    sources = Sources(table(ROWS["figures/tokens"]), ReportSettings(kinds={"portrait": "portrait"}))
    with styled():
        assert len(figure_builder("figures/tokens")(sources).axes) == 1


def test_every_seed_has_a_curve_of_its_own_under_one_name():
    both = pd.concat([CONFIDENCE, CONFIDENCE.assign(model="m.s1", seed=1, area=10.5)])
    figure = build("figures/confidence", confidence=both)
    whole, word, risk = figure.axes[:3]
    for axes in (whole, word, risk):
        drawn = [line for line in axes.lines if list(line.get_xdata()) == [0.2, 0.6, 1.0]]
        assert len(drawn) == 2
    assert names_in_legend(figure) == ["Llama-MTSK MS (4,2): area 10.0, mean of 2 models"]


def test_words_have_a_panel_where_words_were_judged():
    """Where rates count characters none are, and the panel in the middle was empty."""
    whole = CONFIDENCE[CONFIDENCE.unit == "utterance"]
    figure = build("figures/confidence", confidence=whole)
    assert [axes.get_xlabel() for axes in figure.axes] == [
        "Confidence of a transcript",
        "Share of utterances kept",
    ]
    assert names_in_legend(figure) == ["Llama-MTSK MS (4,2): area 9.5"]
    mixed = pd.concat([CONFIDENCE, whole.assign(corpus="zh")])
    both = build("figures/confidence", confidence=mixed)
    assert [axes.axison for axes in both.axes] == [True, True, True, True, False, True]


@pytest.mark.parametrize("name", ["figures/confidence"])
def test_confidence_that_was_not_measured_is_asked_for(name):
    sources = Sources(table(ROWS[name]), ReportSettings())
    with pytest.raises(InputError, match="no model of the experiment has several scales"):
        figure_builder(name)(sources)


@pytest.mark.parametrize(("tflops", "unit"), [(2.4, "TFLOPs"), (2e-3, "GFLOPs"), (1e-4, "MFLOPs")])
def test_costs_have_a_unit_that_makes_them_plain_numbers(tflops, unit):
    figure = build("figures/tradeoff", [score("mtsk-ms", 4, 2, 9.0, tflops=tflops)])
    assert figure.axes[0].get_xlabel() == f"{unit} of the LLM per utterance (mean)"
    (line,) = [c.lines[0] for c in figure.axes[0].containers]
    assert 1 <= line.get_xdata()[0] < 1000
