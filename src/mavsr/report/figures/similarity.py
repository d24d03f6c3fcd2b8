"""How alike a clip's projected tokens are between rates and modalities (MoME, Figures 4 and 8)."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from mavsr.errors import InputError
from mavsr.report.figures.style import PAGE, count_along
from mavsr.report.sources import Sources

MODALITIES = {"a": "audio", "v": "video"}


def similarity(sources: Sources) -> Figure:
    """A matrix per pair of sequences, each with a scale of its own, as in the paper."""
    if sources.similarity is None:
        raise InputError(
            "mome/similarity needs experiments.mome_experts with a model of several rates; "
            "rule record_similarity compares its tokens"
        )
    table = sources.similarity
    pairs = list(dict.fromkeys(zip(table.one, table.other, strict=True)))
    wide = min(3, len(pairs))
    down = -(-len(pairs) // wide)
    figure, grid = plt.subplots(down, wide, figsize=(PAGE, 0.3 + 2.1 * down), squeeze=False)
    for (one, other), axes in zip(pairs, grid.flat, strict=False):
        own = table[(table.one == one) & (table.other == other)]
        values = own.pivot(index="token", columns="other_token", values="similarity")
        image = axes.imshow(values, aspect="auto", cmap="viridis", interpolation="nearest")
        axes.grid(False)
        for axis in (axes.xaxis, axes.yaxis):
            count_along(axis)
        axes.set_xlabel(f"Token, {_named(other)}")
        axes.set_ylabel(f"Token, {_named(one)}")
        bar = figure.colorbar(image, ax=axes, pad=0.02)
        bar.outline.set_linewidth(0.5)
    for axes in list(grid.flat)[len(pairs) :]:
        axes.set_axis_off()
    return figure


def _named(sequence: str) -> str:
    """``audio rate 4`` for ``a4``."""
    return f"{MODALITIES[sequence[0]]} rate {sequence[1:]}"
