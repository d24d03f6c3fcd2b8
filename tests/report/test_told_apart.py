"""Figures draw nothing over each other that their legends do not tell apart."""

from itertools import pairwise

import pandas as pd
import pytest
from drawn import CONFIDENCE, DIFFERENCES, ROWS, bars, build, names_in_legend, noisy
from synthetic import score

from mavsr.errors import InputError
from mavsr.report.figures.looks import LOOKS, varied

LINED = [name for name in ROWS if not name.startswith(("mome/exp", "mome/sim", "figures/conf"))]
"""Figures of scores."""
VARIANTS = ("", "ratesdrawn")
WER = ("wer", "wer_low", "wer_high")


def twins(name):
    """Two variants of Llama-MTSK MS at every scale of a figure."""
    rows = [row for row in ROWS[name] if row["method"] == "mtsk-ms"]
    return [
        {**row, "variant": variant, **{key: row[key] + 4 * place for key in WER}}
        for place, variant in enumerate(VARIANTS)
        for row in rows
    ]


@pytest.mark.parametrize("name", LINED)
def test_two_llms_in_one_experiment_are_refused(name):
    """Bars stood on each other, lines went up and down at every scale, or one LLM was left out."""
    rows = ROWS[name] + [{**row, "llm": "big"} for row in ROWS[name]]
    with pytest.raises(InputError, match=rf"{name} shows one value .* llm \(llama, big\); leave"):
        build(name, rows)


@pytest.mark.parametrize(
    ("column", "value"), [("encoders", "other"), ("model", "rates-of-its-own")]
)
def test_what_else_differs_is_named(column, value):
    rows = [{**row, column: value} for row in ROWS["figures/tradeoff"]]
    with pytest.raises(InputError, match=rf"experiments.tradeoff has 2 .* in {column} \(.*{value}"):
        build("figures/tradeoff", ROWS["figures/tradeoff"] + rows)


def test_compressions_are_told_apart_by_panels_or_refused():
    for name in ("figure3", "mome/asr"):
        rows = [row for row in ROWS[name] if row["compression"] == "avgpool"]
        rows += [{**row, "compression": "stack"} for row in rows]
        assert len(build(name, rows).axes) == 2
    rows = ROWS["figures/tokens"]
    with pytest.raises(InputError, match=r"differ in compression \(avgpool, stack\)"):
        build("figures/tokens", rows + [{**row, "compression": "stack"} for row in rows])


@pytest.mark.parametrize(
    ("name", "more", "what"),
    [
        ("figures/noise", noisy("mtsk-ms", 16, 5, 20), r"rates \(\(4,2\), \(16,5\)\)"),
        ("figures/noise", noisy("llama-avsr", 4, 2, 20), r"method \(.*, Llama-AVSR\)"),
        ("mome/noise", noisy("mtsk-mss", 16, 5, 20), r"rates \(\(4,2\), \(16,5\)\)"),
    ],
    ids=["scales", "methods", "scales-of-a-method"],
)
def test_a_line_of_noise_has_one_value_at_a_ratio(name, more, what):
    with pytest.raises(InputError, match=what):
        build(name, ROWS[name] + more)


def test_models_that_differ_in_more_than_their_seed_are_not_the_seeds_of_one():
    other = CONFIDENCE.assign(model="other", llm="big")
    with pytest.raises(InputError, match=r"seed 0, .* differ in llm \(llama, big\)"):
        build("figures/confidence", confidence=pd.concat([CONFIDENCE, other]))


def test_variants_of_a_method_have_looks_of_their_own():
    drawn = [varied(LOOKS["mtsk-ms"], place) for place in range(8)]
    assert drawn[0] == LOOKS["mtsk-ms"]
    assert len({(look.line, *look.mark.values()) for look in drawn}) == 8
    assert len({tuple(look.mark.values()) for look in drawn}) == 8
    assert len({(look.face, look.hatch) for look in drawn}) == 8
    assert min(abs(a.white - b.white) for a, b in pairwise(drawn)) > 0.25


def test_bars_of_variants_differ():
    figure = build("figure3", twins("figure3"))
    assert names_in_legend(figure) == ["Llama-MTSK MS", "Llama-MTSK MS, rates per step drawn"]
    for axes in figure.axes:
        assert len({(bar.get_facecolor(), bar.get_hatch()) for bar in bars(axes)}) == 2


def appearances(lines):
    return {(line.get_linestyle(), line.get_fillstyle(), line.get_marker()) for line in lines}


def test_lines_of_variants_differ_above_and_below():
    compared = pd.concat([DIFFERENCES.assign(variant=variant) for variant in VARIANTS])
    compared = compared[compared.method == "mtsk-ms"]
    figure = build("figures/tokens", twins("figures/tokens"), differences=compared)
    for axes in figure.axes:
        assert len(appearances(container.lines[0] for container in axes.containers)) == 2
    assert names_in_legend(figure) == ["Llama-MTSK MS", "Llama-MTSK MS, rates per step drawn"]


def test_a_variant_looks_alike_in_all_panels():
    rows = twins("figure3")
    alone = [row for row in rows if row["compression"] == "avgpool" or row["variant"]]
    left, right = (
        {(bar.get_facecolor(), bar.get_hatch()) for bar in bars(axes)}
        for axes in build("figure3", alone).axes
    )
    assert len(right) == 1 and right < left


def test_scales_are_joined_by_variant():
    """One line went through the points of both, which cost the same."""
    (axes,) = build("figures/tradeoff", twins("figures/tradeoff")).axes
    points = [container.lines[0] for container in axes.containers]
    assert [line.get_label() for line in axes.containers] == [
        "Llama-MTSK MS",
        "Llama-MTSK MS, rates per step drawn",
    ]
    assert len(appearances(points)) == 2
    joined = [line for line in axes.lines if line.get_alpha() and len(line.get_xdata()) == 4]
    assert [line.get_ydata().tolist() for line in joined] == [
        line.get_ydata().tolist() for line in points
    ]
    assert len({line.get_linestyle() for line in joined}) == 2


def test_tasks_of_one_model_are_joined_apart():
    rates = [(4, None), (16, None), (4, 2), (16, 5)]
    rows = [score("omni-st", a, v, 10.0, tokens=900 / a + (v or 0)) for a, v in rates]
    (axes,) = build("figures/tradeoff", rows).axes
    assert sum(bool(line.get_alpha()) and len(line.get_xdata()) == 2 for line in axes.lines) == 2


def test_confidence_of_variants_differs():
    both = pd.concat([CONFIDENCE, CONFIDENCE.assign(model="n", variant="ratesdrawn")])
    figure = build("figures/confidence", confidence=both)
    for axes in figure.axes:
        lines = [line for line in axes.lines if len(line.get_xdata()) == 3]
        assert len(appearances(lines)) == 2


def test_sizes_of_experts_stay_under_the_name_of_their_method():
    sizes = [f"r{routed}k2s1b12" for routed in (4, 8)]
    rows = [
        score("mome-mhsa", 4, 2, 9.0 + place, variant=variant, active_parameters=2000 + place)
        for place, variant in enumerate(sizes)
    ]
    figure = build("mome/parameters", rows)
    assert names_in_legend(figure) == ["MoME-MHSA", "Pareto front"]
