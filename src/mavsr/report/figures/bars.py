"""WER against the compression rate as bars: Figures 3 to 6 of Llama-MTSK."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mavsr.report.figures.style import (
    PAGE,
    errors,
    legend_above,
    look,
    mark_published,
    methods_of,
    name_axis,
    panels,
)
from mavsr.report.names import label, scale_label
from mavsr.report.sources import Sources

RATES = {
    "asr": "Audio compression rate",
    "vsr": "Video compression rate",
    "avsr": "(audio, video) compression rates",
}
COMPRESSIONS = {"avgpool": "average pooling", "stack": "stacking"}


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
    published = sources.published()
    published = published[published.task == task]
    corpora = sorted(scores.corpus.unique())
    shown = [kind for kind in COMPRESSIONS if kind in set(scores.compression)]
    figure, grid = panels(len(corpora), len(shown), width=PAGE if len(shown) > 1 else 5.0)
    for corpus, row in zip(corpora, grid, strict=True):
        for compression, axes in zip(shown, row, strict=True):
            own = scores[(scores.corpus == corpus) & (scores.compression == compression)]
            known = published[(published.corpus == corpus) & (published.compression == compression)]
            _group(axes, own, known)
            axes.set_xlabel(f"{RATES[task]}, {COMPRESSIONS[compression]}")
        name_axis(row[0], corpus, corpora)
    legend_above(figure, grid[0][0], columns=5)
    return figure


def _group(axes: Axes, scores: pd.DataFrame, published: pd.DataFrame) -> None:
    scales = scores[["audio_rate", "video_rate"]].drop_duplicates()
    scales = scales.sort_values(["audio_rate", "video_rate"])
    names = [scale_label(a, v) for a, v in zip(scales.audio_rate, scales.video_rate, strict=True)]
    methods = methods_of(scores)
    width = 0.8 / len(methods)
    for place, (method, variant) in enumerate(methods):
        own = scores[(scores.method == method) & (scores.variant == variant)]
        own = own.assign(x=[_x(row, names, place, width) for row in own.itertuples()])
        drawn = look(method)
        axes.bar(
            own.x,
            own.wer,
            width * 0.92,
            yerr=errors(own),
            color=drawn.colour,
            hatch=drawn.hatch,
            edgecolor="0.15",
            linewidth=0.5,
            error_kw={"elinewidth": 0.7, "capthick": 0.7, "ecolor": "0.15", "capsize": 1.5},
            label=label(method, variant),
        )
        same_models = _of_the_same_parts(published, own, label(method, variant))
        values = {
            scale_label(row.audio_rate, row.video_rate): row.wer for row in same_models.itertuples()
        }
        met = [name for name in names if name in values]
        if met:
            x = [names.index(name) + (place - (len(methods) - 1) / 2) * width for name in met]
            mark_published(axes, x, [values[name] for name in met])
    axes.set_xticks(range(len(names)), names)
    axes.set_ylim(bottom=0)
    axes.tick_params(axis="x", length=0)


def _of_the_same_parts(published: pd.DataFrame, own: pd.DataFrame, name: str) -> pd.DataFrame:
    """Published values of a method with the encoder and LLM of our own rows."""
    encoders = {part for names in own.encoders for part in names.split("+")}
    return published[
        (published.method == name)
        & published.llm.isin(own.llm)
        & published.audio_encoder.isin(encoders)
    ]


def _x(row: Any, names: list[str], place: int, width: float) -> float:
    """Middle of a bar: its scale's group, and its method's place in that."""
    scale = scale_label(row.audio_rate, row.video_rate)
    return names.index(scale) + (place - (round(0.8 / width) - 1) / 2) * width
