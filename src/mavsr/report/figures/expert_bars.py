"""Which experts are used, per decoder layer: the stacked bars of MoME (Figures 5 and 9)."""

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from mavsr.errors import InputError
from mavsr.model.scales import Scale
from mavsr.report.figures.style import PAGE, count_along, panels
from mavsr.report.names import rates_in_words
from mavsr.report.sources import Sources

HATCHES = ("", "////", "....", "\\\\\\\\")
COLOURS = 6
"""Colours that differ enough; each comes with every hatch before experts look alike."""


def expert_bars(sources: Sources) -> Figure:
    """A panel per scale, a bar per layer: shares of all tokens' choices, experts on each other.

    Tokens of all kinds count together, as in the paper; shared experts have no share. The largest
    shares of a layer lie at the bottom, so that its dominant experts are seen at a glance.
    """
    if sources.routing is None:
        raise InputError(
            "mome/expert_bars needs experiments.mome_experts with a MoME model; rule "
            "record_routing records which of its experts are used"
        )
    shares = layer_shares(sources.routing)
    scales = sorted(shares["scale"].unique(), key=Scale.parse)
    figure, grid = panels(-(-len(scales) // 2), min(2, len(scales)), height=2.0, width=PAGE)
    every = [axes for row in grid for axes in row]
    for scale, axes in zip(scales, every, strict=False):
        for layer, own in shares[shares["scale"] == scale].groupby("layer"):
            bottom = 0.0
            for row in own.sort_values("share", ascending=False).itertuples():
                colour, hatch = _look(int(row.expert))
                axes.bar(
                    int(layer) + 1,
                    row.share,
                    0.85,
                    bottom=bottom,
                    color=colour,
                    hatch=hatch,
                    edgecolor="0.15",
                    linewidth=0.3,
                )
                bottom += row.share
        axes.set_xlabel(f"Layer, {rates_in_words(Scale.parse(scale))}")
        axes.set_ylim(0, 100)
        count_along(axes.xaxis)
    for axes in every[len(scales) :]:
        axes.set_axis_off()
    for row in grid:
        row[0].set_ylabel("Share of choices (%)")
    return figure


def layer_shares(routing: pd.DataFrame) -> pd.DataFrame:
    """Columns scale, layer, expert and share (% of the choices of all tokens of a layer)."""
    keys = ["scale", "layer"]
    found = routing.groupby([*keys, "expert"], as_index=False).choices.sum()
    return found.assign(share=100 * found.choices / found.groupby(keys).choices.transform("sum"))


def _look(expert: int) -> tuple[tuple[float, ...], str]:
    colours = matplotlib.colormaps["Set2"].resampled(COLOURS)
    return colours(expert % COLOURS), HATCHES[expert // COLOURS % len(HATCHES)]
