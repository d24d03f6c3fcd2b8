"""Clouds: WER against what a prediction costs, in TFLOPs or in active parameters."""

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from mavsr.report.figures.looks import FILLS, LINES, Look, Looks, look, looks, methods_of
from mavsr.report.figures.once import once
from mavsr.report.figures.style import (
    GREY,
    PAGE,
    errors,
    legend_above,
    mark_published,
    name_axis,
    panels,
)
from mavsr.report.names import EXPERTS, common_label, flops_unit, label, scale_label, scale_labels
from mavsr.report.published import beside
from mavsr.report.sources import Sources
from mavsr.report.summary import tested_on
from mavsr.report.tables.elastic import policy

SMALL: Any = {"fontsize": 6.5, "path_effects": [withStroke(linewidth=1.5, foreground="white")]}
"""Words beside points: what they cross stays below them."""
CLOSE = 1.2
"""Factor between costs of points whose names would cover each other on one side."""
FAINT = 0.45
"""Opacity of intervals and of the lines that join a model's scales: points of equal cost are drawn
where they are, one above the other, and their marks must stay readable."""


def tradeoff(sources: Sources) -> Figure:
    """All methods and scales, WER against TFLOPs, and the front that nothing beats on both."""
    scores = once("figures/tradeoff", sources.select("figures/tradeoff", condition="clean"))
    published = sources.published()
    factor, unit = flops_unit(scores.tflops.max())
    scores = scores.assign(tflops=scores.tflops * factor)
    adapted = sources.adaptive
    if adapted is not None:
        test = adapted[adapted.split == "test"]
        adapted = test.assign(tflops=test.tflops * factor, corpus=tested_on(test))
    what = f"{unit} of the LLM per utterance (mean)"
    return _cloud(scores, published, "tflops", what, True, adapted)


def parameters(sources: Sources) -> Figure:
    """Methods and sizes of experts, WER against active adapter parameters (MoME)."""
    scores = once("mome/parameters", sources.select("mome/parameters", condition="clean"))
    count = scores.active_parameters.astype(float)
    unit, name = (1e6, "millions") if count.max() > 1e6 else (1e3, "thousands")
    scores, published = scores.assign(active_parameters=count / unit), sources.published()
    what = f"Active adapter parameters ({name})"
    return _cloud(scores, published, "active_parameters", what, named=False)


def _cloud(
    scores: pd.DataFrame,
    published: pd.DataFrame,
    cost: str,
    what: str,
    named: bool,
    adapted: pd.DataFrame | None = None,
) -> Figure:
    corpora, drawn_as = sorted(scores.corpus.unique()), looks(scores)
    figure, grid = panels(1, len(corpora), height=2.7, width=PAGE if named else None)
    for corpus, axes in zip(corpora, grid[0], strict=True):
        own = scores[scores.corpus == corpus]
        for name, drawn, rows in _named(own, drawn_as, apart=named):
            rows = rows.assign(x=rows[cost], scale=scale_labels(rows)).sort_values("x")
            _points(axes, rows, name, drawn, joined=named)
            for _, same in rows.groupby(["variant", "task"]):
                marks = beside(published, same)
                mark_published(axes, marks.x, marks.published, marks.doubt, drawn.colour)
        if adapted is not None:
            _adaptive(axes, adapted[adapted.corpus == corpus], drawn_as)
        front = policy(own.assign(tflops=own[cost]))
        # From each point of the front the same WER holds until the next one is affordable.
        right = own[cost].max() * 1.15
        axes.step(
            [*front.tflops, right],
            [*front.wer, front.wer.iloc[-1]],
            where="post",
            color=GREY,
            lw=0.9,
            ls="--",
            zorder=1,
            label="Pareto front",
        )
        if named:
            _name_scales(axes, own, cost)
        else:
            _name_sizes(axes, own, cost)
        axes.set_xscale("log")
        axes.margins(x=0.1, y=0.1)
        _plain_ticks(axes)
        axes.set_xlabel(what)
        axes.grid(True, axis="x")
        name_axis(axes, corpus, scores)
    legend_above(figure, grid[0][0], columns=2 if figure.get_figwidth() < PAGE else 5)
    return figure


def _named(
    scores: pd.DataFrame, drawn_as: Looks, apart: bool
) -> Iterator[tuple[str, Look, pd.DataFrame]]:
    """Name, look and rows of every entry of the legend: all variants of a method, or one ``apart``.

    Sizes of experts need no looks of their own: they are named beside their points.
    """
    systems = methods_of(scores)
    for method in dict.fromkeys(method for method, _ in systems):
        own = scores[scores.method == method]
        if not apart:
            yield common_label(method, own.variant), look(method), own
            continue
        for variant in (variant for other, variant in systems if other == method):
            yield label(method, variant), drawn_as[method, variant], own[own.variant == variant]


def _points(axes: Axes, rows: pd.DataFrame, name: str, drawn: Look, joined: bool) -> None:
    _, _, (bars,) = axes.errorbar(
        rows.x,
        rows.wer,
        yerr=errors(rows),
        ls="",
        color=drawn.colour,
        ecolor=drawn.colour,
        **drawn.mark,
        ms=4.5,
        elinewidth=0.6,
        capsize=0,
        label=name,
    )
    bars.set_alpha(FAINT)
    line = LINES[FILLS.index(drawn.fill)]
    for _, same in rows.groupby("task") if joined else ():
        axes.plot(same.x, same.wer, color=drawn.colour, lw=0.8, ls=line, alpha=FAINT, zorder=1.5)


def _adaptive(axes: Axes, rows: pd.DataFrame, drawn_as: Looks) -> None:
    """What adaptive rates cost and give: a curve over thresholds, a star at the chosen one."""
    for (method, variant, _), own in rows.groupby(["method", "variant", "model"], sort=False):
        drawn = drawn_as.get((method, variant), look(method))
        curve = own.sort_values("tflops")
        axes.plot(curve.tflops, curve.wer, color=drawn.colour, lw=1.0, ls=":", zorder=2.5)
        star = own[own.chosen]
        axes.plot(
            star.tflops,
            star.wer,
            ls="",
            color=drawn.colour,
            **{**drawn.mark, "marker": "*"},
            ms=9,
            zorder=5,
            label="adaptive rates",
        )


def _name_scales(axes: Axes, rows: pd.DataFrame, cost: str) -> None:
    """Name each scale once, above the points and intervals of all methods at it."""
    for (audio, video), same in rows.groupby(["audio_rate", "video_rate"], dropna=False):
        axes.annotate(
            scale_label(audio, video),
            (math.sqrt(same[cost].min() * same[cost].max()), same[["wer", "wer_high"]].max().max()),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            **SMALL,
        )


def _name_sizes(axes: Axes, rows: pd.DataFrame, cost: str) -> None:
    """Where a method has several sizes of experts, name each beside its point."""
    for _, same in rows.sort_values(cost).groupby("method"):
        costs = [*same[cost], math.inf]
        for place, row in enumerate(same.itertuples() if same.variant.nunique() > 1 else ()):
            if not (sizes := EXPERTS.fullmatch(row.variant)):
                continue
            crowded = costs[place + 1] < CLOSE * costs[place]
            axes.annotate(
                f"{sizes['routed']}/{sizes['top_k']}, b = {sizes['bottleneck']}",
                (costs[place], row.wer),
                xytext=(-5, -3) if crowded else (5, 3),
                textcoords="offset points",
                ha="right" if crowded else "left",
                va="top" if crowded else "bottom",
                **SMALL,
            )


def _plain_ticks(axes: Axes) -> None:
    """Ticks as plain numbers, the more the fewer powers of ten there are."""
    low, high = axes.get_xlim()
    subs = (1, 2, 5) if high / low > 8 else (1, 1.5, 2, 3, 4, 5, 6, 8)
    axes.xaxis.set_major_locator(LogLocator(subs=subs))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
