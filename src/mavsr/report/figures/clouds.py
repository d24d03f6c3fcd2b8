"""Clouds: WER against what a prediction costs, in TFLOPs or in active parameters."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from mavsr.report.figures.style import (
    GREY,
    PAGE,
    errors,
    legend_above,
    look,
    methods_of,
    name_axis,
    panels,
)
from mavsr.report.names import label, scale_label
from mavsr.report.sources import Sources
from mavsr.report.tables.elastic import policy

APART = 1.012
"""Factor between the places at which two methods of equal cost are drawn."""


def tradeoff(sources: Sources) -> Figure:
    """All methods and scales, WER against TFLOPs, and the front that nothing beats on both."""
    scores = sources.select("figures/tradeoff", condition="clean")
    return _cloud(scores, "tflops", "TFLOPs of the LLM per utterance (mean)", named=True)


def parameters(sources: Sources) -> Figure:
    """Methods and sizes of experts, WER against active adapter parameters (MoME)."""
    scores = sources.select("mome/parameters", condition="clean")
    millions = scores.assign(active_parameters=scores.active_parameters.astype(float) / 1e6)
    return _cloud(
        millions, "active_parameters", "Active adapter parameters (millions)", named=False
    )


def _cloud(scores: pd.DataFrame, cost: str, what: str, named: bool) -> Figure:
    corpora = sorted(scores.corpus.unique())
    figure, grid = panels(1, len(corpora), height=2.7, width=None if len(corpora) > 1 else 4.5)
    for corpus, axes in zip(corpora, grid[0], strict=True):
        own = scores[scores.corpus == corpus]
        methods = list(dict.fromkeys(method for method, _ in methods_of(own)))
        for place, method in enumerate(methods):
            # Methods of equal cost would hide each other.
            apart = APART ** (place - (len(methods) - 1) / 2)
            _points(axes, own[own.method == method], cost, method, apart)
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
            _name_front(axes, front)
        axes.set_xscale("log")
        _plain_ticks(axes)
        axes.margins(x=0.14)
        axes.set_xlabel(what)
        axes.grid(True, axis="x")
        name_axis(axes, corpus, corpora)
    legend_above(figure, grid[0][0], columns=3 if figure.get_figwidth() < PAGE else 5)
    return figure


def _points(axes: Axes, rows: pd.DataFrame, cost: str, method: str, apart: float) -> None:
    drawn = look(method)
    # Variants of one method share its mark: their cost tells them apart.
    axes.errorbar(
        rows[cost] * apart,
        rows.wer,
        yerr=errors(rows),
        fmt=drawn.marker,
        color=drawn.colour,
        ecolor=drawn.colour,
        mec="0.15",
        mew=0.5,
        ms=5,
        elinewidth=0.8,
        label=label(method),
    )


def _name_front(axes: Axes, front: pd.DataFrame) -> None:
    """Name the scale of each point of the front, left below it, where its line does not run."""
    for row in front.itertuples():
        axes.annotate(
            scale_label(row.audio_rate, row.video_rate),
            (row.tflops, row.wer),
            xytext=(-4, -4),
            textcoords="offset points",
            fontsize=6.5,
            ha="right",
            va="top",
        )


def _plain_ticks(axes: Axes) -> None:
    """Ticks at 1, 2 and 5 times the powers of ten, as plain numbers."""
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
