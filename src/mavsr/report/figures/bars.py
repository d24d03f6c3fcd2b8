"""WER against the compression rate as bars: Figures 3 to 6 of Llama-MTSK."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mavsr.model.compressions import COMPRESSIONS
from mavsr.report.figures.looks import Looks, looks, methods_of
from mavsr.report.figures.once import PLACE, once
from mavsr.report.figures.style import (
    errors,
    from_zero,
    legend_above,
    mark_published,
    name_axis,
    outline,
    panels,
)
from mavsr.report.names import label, scale_labels
from mavsr.report.published import beside
from mavsr.report.sources import Sources

RATES = {
    "asr": "Audio compression rate",
    "vsr": "Video compression rate",
    "avsr": "(audio, video) compression rates",
}


def figure3(sources: Sources) -> Figure:
    """Speech alone: average pooling on the left, stacking on the right."""
    return rate_bars(sources, "figure3", "asr")


def figure4(sources: Sources) -> Figure:
    """Video alone, likewise."""
    return rate_bars(sources, "figure4", "vsr")


def figure5(sources: Sources) -> Figure:
    """Speech alone by stacking, at lower rates."""
    return rate_bars(sources, "figure5", "asr")


def figure6(sources: Sources) -> Figure:
    """Audio-visual by stacking."""
    return rate_bars(sources, "figure6", "avsr")


def rate_bars(sources: Sources, name: str, task: str) -> Figure:
    """A panel per compression (and row per corpus), a group of bars per scale, a bar per method."""
    scores = sources.select(name, task=task, condition="clean")
    once(name, scores, (*PLACE, "compression"))
    published = sources.published()
    corpora = sorted(scores.corpus.unique())
    shown = [kind for kind in COMPRESSIONS if kind in set(scores.compression)]
    figure, grid = panels(len(corpora), len(shown))
    for corpus, row in zip(corpora, grid, strict=True):
        for compression, axes in zip(shown, row, strict=True):
            own = scores[(scores.corpus == corpus) & (scores.compression == compression)]
            _group(axes, own, published, looks(scores))
            axes.set_xlabel(f"{RATES[task]}, {COMPRESSIONS[compression].words}")
        name_axis(row[0], corpus, scores)
    from_zero(grid)
    legend_above(figure, grid[0][0], columns=5 if len(shown) > 1 else 2)
    return figure


def _group(
    axes: Axes,
    scores: pd.DataFrame,
    published: pd.DataFrame,
    drawn_as: Looks,
) -> None:
    scales = scores[["audio_rate", "video_rate"]].drop_duplicates()
    scales = scales.sort_values(["audio_rate", "video_rate"])
    names = scale_labels(scales)
    methods = methods_of(scores)
    width = 0.8 / len(methods)
    for place, (method, variant) in enumerate(methods):
        own = scores[(scores.method == method) & (scores.variant == variant)]
        own = own.assign(scale=scale_labels(own))
        shift = (place - (len(methods) - 1) / 2) * width
        own = own.assign(x=[names.index(scale) + shift for scale in own.scale])
        drawn = drawn_as[method, variant]
        bars = axes.bar(
            own.x,
            own.wer,
            width * 0.92,
            yerr=errors(own),
            color=drawn.face,
            hatch=drawn.hatch,
            edgecolor="0.15",
            linewidth=0.5,
            error_kw={"elinewidth": 0.7, "capthick": 0.7, "ecolor": "0.15", "capsize": 1.5},
            label=label(method, variant),
        )
        outline(bars)
        marks = beside(published, own)
        mark_published(axes, marks.x, marks.published, marks.doubt)
    axes.set_xticks(range(len(names)), names)
    axes.tick_params(axis="x", length=0)
