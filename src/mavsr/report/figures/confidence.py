"""How far confidence can be trusted: reliability, and WER of the utterances that are kept."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mavsr.errors import InputError
from mavsr.report.figures.style import GREY, PAGE, WER, look
from mavsr.report.names import label
from mavsr.report.sources import Sources
from mavsr.report.tables.adaptive import printed


def confidence(sources: Sources) -> Figure:
    """A row per corpus: reliability of transcripts and of words, risk against coverage.

    Raises:
        InputError: the experiment has no model of several scales.
    """
    if sources.confidence is None or sources.confidence.empty:
        raise InputError(
            "no model of the experiment has several scales on clean clips, so there is no "
            "confidence to show; add a method such as mtsk-ms and at least two rates"
        )
    rows = sources.confidence.fillna({"variant": ""})
    corpora = sorted(rows.corpus.unique())
    # Not those of style.panels: shares and error rates have no y axis in common.
    figure, grid = plt.subplots(len(corpora), 3, figsize=(PAGE, 2.65 * len(corpora)), squeeze=False)
    for corpus, (whole, word, risk) in zip(corpora, grid, strict=True):
        own = rows[rows.corpus == corpus]
        for (method, variant, task), system in own.groupby(
            ["method", "variant", "task"], sort=False
        ):
            # One scale is shown, the dearest: the file has the others.
            dearest = system[system.scale == system.scale.iloc[-1]]
            drawn = look(str(method))
            style: Any = {"color": drawn.colour, "marker": drawn.marker, "ms": 3.5, "mec": "0.2"}
            style |= {"mew": 0.4, "lw": 1.0}
            areas = []
            for _, model in dearest.groupby("model", sort=False):
                for axes, unit in ((whole, "utterance"), (word, "word")):
                    bins = model[(model.unit == unit) & (model.curve == "reliability")]
                    axes.plot(bins.x, bins.y, **style)
                curve = model[model.curve == "risk"].sort_values("x")
                risk.plot(curve.x, curve.y, color=drawn.colour, ls=drawn.line, lw=1.2)
                areas.append(curve.area.iloc[0])
            name = f"{label(str(method), str(variant))} {printed(dearest.scale.iloc[0])}"
            name = name if task == "avsr" else f"{name}, {task}"
            of = f", mean of {len(areas)} models" if len(areas) > 1 else ""
            risk.plot([], [], label=f"{name}: area {np.mean(areas):.1f}{of}", **style)
        for axes, what in ((whole, "transcript"), (word, "word")):
            _diagonal(axes)
            axes.set_xlabel(f"Confidence of a {what}")
        where = f", {corpus}" if len(corpora) > 1 else ""
        whole.set_ylabel(f"Share that was right{where}")
        risk.set_xlabel("Share of utterances kept")
        risk.set_ylabel(f"{WER} of those kept")
        risk.set_ylim(bottom=0)
    _legend(figure, grid[0, 2])
    return figure


def _diagonal(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, lw=0.8, ls="--", zorder=1)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)


def _legend(figure: Figure, axes: Axes) -> None:
    handles, names = axes.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=min(3, len(names)))
