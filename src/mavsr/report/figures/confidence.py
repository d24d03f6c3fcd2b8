"""How far confidence can be trusted: reliability, and WER of the utterances that are kept."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mavsr.errors import InputError
from mavsr.report.figures.looks import Look, looks
from mavsr.report.figures.once import once
from mavsr.report.figures.style import GREY, PAGE
from mavsr.report.names import label
from mavsr.report.sources import Sources
from mavsr.report.summary import tested_on
from mavsr.report.tables.adaptive import printed

UNITS = {"utterance": "transcript", "word": "word"}
"""``unit`` of a row -> in words."""
SEED = ["corpus", "task", "method", "variant", "scale", "seed"]
"""Columns that name a curve: those of other seeds are drawn alike, and what else differs is not."""
MODEL = [*SEED, "model"]


def confidence(sources: Sources) -> Figure:
    """A row per corpus: reliability of transcripts and of words, risk against coverage.

    Words have no panel where none were judged, as where rates count characters.

    Raises:
        InputError: the experiment has no model of several scales, or several that would be drawn as
            seeds of one.
    """
    if sources.confidence is None or sources.confidence.empty:
        raise InputError(
            "no model of the experiment has several scales on clean clips, so there is no "
            "confidence to show; add a method such as mtsk-ms and at least two rates"
        )
    rows = sources.confidence
    rows = rows.assign(corpus=tested_on(rows))
    once("figures/confidence", rows.drop_duplicates(MODEL), SEED)
    corpora, drawn_as = sorted(rows.corpus.unique()), looks(rows)
    units = [unit for unit in UNITS if unit in set(rows.unit)]
    # Not those of style.panels: shares and error rates have no y axis in common.
    figure, grid = plt.subplots(
        len(corpora), len(units) + 1, figsize=(PAGE, 2.65 * len(corpora)), squeeze=False
    )
    for corpus, (*shares, risk) in zip(corpora, grid, strict=True):
        own = rows[rows.corpus == corpus]
        for (method, variant, _), system in own.groupby(["method", "variant", "task"], sort=False):
            # One scale is shown, the dearest: the file has the others.
            dearest = system[system.scale == system.scale.iloc[-1]]
            _draw(dearest, drawn_as[method, variant], dict(zip(units, shares, strict=True)), risk)
        for axes, unit in zip(shares, units, strict=True):
            if unit not in set(own.unit):  # of another corpus words were judged
                axes.set_axis_off()
                continue
            _diagonal(axes)
            axes.set_xlabel(f"Confidence of a {UNITS[unit]}")
        where = f", {corpus}" if len(corpora) > 1 else ""
        shares[0].set_ylabel(f"Share that was right{where}")
        risk.set_xlabel("Share of utterances kept")
        risk.set_ylabel("Error rate (%) of those kept")
        risk.set_ylim(bottom=0)
    _legend(figure, grid[0, -1])
    return figure


def _draw(rows: pd.DataFrame, drawn: Look, shares: Mapping[str, Axes], risk: Axes) -> None:
    """Draw a system at one scale: a curve per model in each panel, and its line in the legend.

    Args:
        rows: of the system's models at that scale.
        drawn: how the system is drawn.
        shares: unit -> panel of its reliability.
        risk: panel of risk against coverage.
    """
    style: Any = {**drawn.mark, "color": drawn.colour, "ls": drawn.line, "ms": 3.5, "lw": 1}
    areas = []
    for _, model in rows.groupby("model", sort=False):
        for unit, axes in shares.items():
            bins = model[(model.unit == unit) & (model.curve == "reliability")]
            axes.plot(bins.x, bins.y, **style)
        curve = model[model.curve == "risk"].sort_values("x")
        risk.plot(curve.x, curve.y, color=drawn.colour, ls=drawn.line, lw=1.2)
        areas.append(curve.area.iloc[0])
    first = rows.iloc[0]
    name = f"{label(first.method, first.variant)} {printed(first.scale)}"
    name = name if first.task == "avsr" else f"{name}, {first.task}"
    of = f", mean of {len(areas)} models" if len(areas) > 1 else ""
    risk.plot([], [], label=f"{name}: area {np.mean(areas):.1f}{of}", **style)


def _diagonal(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, lw=0.8, ls="--", zorder=1)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)


def _legend(figure: Figure, axes: Axes) -> None:
    handles, names = axes.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=min(3, len(names)))
