"""How figures look: legible in print at a column's width."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from mavsr.files import atomic
from mavsr.report.names import METHOD_NAMES
from mavsr.report.summary import rate_name

COLUMN, PAGE = 3.5, 7.2
"""Widths in inches: one column of a paper, and two."""
LEGEND_ROOM = 0.65
"""Inches of a legend's height that figures have room for: four rows."""
GREY = "0.45"
PUBLISHED, DOUBTFUL = "published", "published, doubtful"
AFTER_METHODS = ("adaptive rates", PUBLISHED, DOUBTFUL, "Pareto front")
"""What stands at the end of a legend."""


RC: Any = {
    "font.size": 8,
    "font.family": "DejaVu Sans",
    "axes.labelsize": 8,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.linewidth": 0.4,
    "grid.color": "0.88",
    "hatch.linewidth": 0.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.5,
    "errorbar.capsize": 2,
    "pdf.fonttype": 42,
    "svg.hashsalt": "mavsr",
    "savefig.dpi": 200,
    "figure.constrained_layout.use": True,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw with this project's settings, whatever the user's matplotlibrc says."""
    with plt.rc_context():
        plt.rcdefaults()
        plt.switch_backend("agg")
        plt.rcParams.update(RC)
        logging.getLogger("fontTools").setLevel(logging.WARNING)  # lists of glyphs for every PDF
        yield


def panels(
    rows: int, columns: int, height: float = 2.3, width: float | None = None
) -> tuple[Figure, list[list[Axes]]]:
    """A grid of axes with a common y axis per row, as wide as one column or two of a paper."""
    width = width or (COLUMN if columns == 1 else PAGE)
    figure, axes = plt.subplots(
        rows, columns, figsize=(width, height * rows + 0.35), squeeze=False, sharey="row"
    )
    for one in axes.flat:
        one.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    return figure, axes.tolist()


def count_along(axis: Axis) -> None:
    """Mark an axis of things that are counted, such as layers, at whole numbers."""
    axis.set_major_locator(MaxNLocator(integer=True))


def outline(bars: BarContainer) -> None:
    """Put a white edge around the whiskers of bars, so that they are seen on dark ones."""
    assert bars.errorbar is not None
    _, caps, stems = bars.errorbar.lines
    for artist in (*caps, *stems):
        artist.set_path_effects([withStroke(linewidth=1.8, foreground="white")])


def from_zero(grid: Sequence[Sequence[Axes]]) -> None:
    """Begin the y axes at 0; after all is drawn, as axes with a fixed end no longer follow data."""
    for row in grid:
        for axes in row:
            axes.set_ylim(bottom=0)


def errors(rows: pd.DataFrame) -> list[list[float]]:
    """Both halves of the intervals, as matplotlib takes them; never below a WER of zero."""
    return [(rows.wer - rows.wer_low.clip(lower=0)).tolist(), (rows.wer_high - rows.wer).tolist()]


def name_axis(axes: Axes, corpus: str, scores: pd.DataFrame) -> None:
    """Label the y axis, WER or CER in %; a corpus is named where a figure has several.

    Args:
        axes: of this corpus.
        corpus: whose rates are shown; axes with a common y axis show others beside it.
        scores: all rows of the figure.
    """
    several = scores.corpus.nunique() > 1
    name = rate_name(scores[scores.corpus == corpus])
    axes.set_ylabel(f"{name} (%), {corpus}" if several else f"{name} (%)")


def mark_published(
    axes: Axes,
    x: Iterable[float],
    wer: Iterable[float],
    doubt: Iterable[str],
    colour: str = GREY,
) -> None:
    """Faint open diamonds for values in print, if there are any; crosses for doubtful ones."""
    look: Any = {"ls": "", "ms": 4.5, "mfc": "white", "mec": colour, "mew": 0.7}
    points = list(zip(x, wer, map(bool, doubt), strict=True))
    for name, marker, doubtful in ((PUBLISHED, "d", False), (DOUBTFUL, "X", True)):
        if own := [point[:2] for point in points if point[2] == doubtful]:
            axes.plot(
                *zip(*own, strict=True), marker=marker, **look, alpha=0.9, zorder=4, label=name
            )


def legend_above(figure: Figure, axes: Axes, columns: int = 4) -> None:
    """One legend for all panels, above them, each name once.

    It has fewer columns where they would not fit, and the figure grows by what is more than a few
    rows.
    """
    found: dict[str, Any] = {}
    for panel in figure.axes if figure.axes else [axes]:
        for handle, name in zip(*panel.get_legend_handles_labels(), strict=True):
            found[name] = handle
    methods = list(METHOD_NAMES.values())
    order = [*methods, *(name for name in found if name not in (*methods, *AFTER_METHODS))]
    found = {name: found[name] for name in [*order, *AFTER_METHODS] if name in found}
    for count in range(min(columns, len(found)), 0, -1):
        legend = figure.legend(
            list(found.values()),
            list(found),
            loc="outside upper center",
            ncols=count,
            handlelength=1.6,
            columnspacing=1.2,
        )
        size = legend.get_window_extent(RendererAgg(*figure.bbox.size, figure.dpi))
        if size.width <= figure.bbox.width or count == 1:
            more = size.height / figure.dpi - LEGEND_ROOM
            figure.set_figheight(figure.get_figheight() + max(0.0, more))
            break
        legend.remove()


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write ``<name>.pdf`` and ``.png``; the same figure gives the same bytes."""
    for suffix, metadata in ((".pdf", {"CreationDate": None}), (".png", {"Software": None})):
        with atomic(folder / f"{name}{suffix}") as partial:
            figure.savefig(partial, format=suffix[1:], metadata=metadata)
    plt.close(figure)
