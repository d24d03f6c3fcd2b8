"""Which experts are used, per layer, scale and kind of token: the heat maps of MoME."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from mavsr.errors import InputError
from mavsr.model.scales import Scale
from mavsr.report.figures.style import PAGE
from mavsr.report.names import rates_in_words
from mavsr.report.sources import Sources


def experts(sources: Sources) -> Figure:
    """A map per kind of token (rows) and scale (columns): decoder layers by experts."""
    if sources.routing is None:
        raise InputError(
            "mome/experts needs experiments.mome_experts with a MoME model; rule record_routing "
            "records which of its experts are used"
        )
    uses = sources.routing
    kinds = [kind for kind in ("audio", "video", "text") if kind in set(uses.modality)]
    scales = sorted(uses["scale"].unique(), key=Scale.parse)
    layers, count = uses.layer.nunique(), uses.expert.nunique()
    figure, grid = plt.subplots(
        len(kinds),
        len(scales),
        figsize=(PAGE, 0.5 + len(kinds) * min(max(1.1, 0.3 + 0.1 * layers), 2.5)),
        squeeze=False,
        sharex=True,
        sharey=True,
    )
    highest = 100 * uses.share.max()
    for kind, row in zip(kinds, grid, strict=True):
        for scale, axes in zip(scales, row, strict=True):
            own = uses[(uses.modality == kind) & (uses["scale"] == scale)]
            values = own.pivot(index="layer", columns="expert", values="share")
            image = axes.imshow(
                100 * values.reindex(index=range(layers), columns=range(count)),
                aspect="auto",
                cmap="Blues",  # little is white, in print too
                vmin=0,
                vmax=highest,
                interpolation="nearest",
            )
            axes.grid(False)
            axes.spines[["top", "right"]].set_visible(True)
            axes.set_xticks(_ticks(count), [str(tick + 1) for tick in _ticks(count)])
            axes.set_yticks(_ticks(layers), [str(tick + 1) for tick in _ticks(layers)])
        row[0].set_ylabel(f"Layer, {kind}")
    for scale, axes in zip(scales, grid[-1], strict=True):
        axes.set_xlabel(f"Expert, {rates_in_words(Scale.parse(scale))}")
    bar = figure.colorbar(image, ax=grid.ravel().tolist(), aspect=30, pad=0.01)
    bar.set_label("Share of choices (%)")
    bar.outline.set_linewidth(0.5)
    return figure


def _ticks(count: int) -> list[int]:
    """At most six ticks, the first one among them."""
    return list(range(0, count, max(1, -(-count // 6))))
