"""Command: draw a figure as PDF and PNG."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from mavsr.command import run_command
from mavsr.evaluation.collect import read_scores
from mavsr.report.catalogue import ALL_FIGURES
from mavsr.report.figures.style import save, styled
from mavsr.report.sources import ReportSettings, Sources, read_adapted, read_compared, read_judged
from mavsr.tables import read_csv


def figure_builder(name: str) -> Callable[[Sources], Any]:
    """The function that draws a figure of its sources."""
    module, _, function = ALL_FIGURES[name].builder.partition(".")
    return getattr(import_module(f"mavsr.report.figures.{module}"), function)


def draw_figure(
    name: str,
    output: Path,
    settings: ReportSettings,
    scores: Path,
    routing: Path | None = None,
    similarity: Path | None = None,
    adaptive: Path | None = None,
    confidence: Path | None = None,
    differences: Path | None = None,
) -> None:
    """Draw ``<name>.pdf`` and ``.png`` below ``output``.

    Args:
        name: a figure of :data:`mavsr.report.catalogue.FIGURES`.
        output: the folder.
        settings: what of the config the figure reads.
        scores: scores of the figure's experiment.
        routing: table of :mod:`mavsr.evaluation.routing`, for figures that show experts.
        similarity: table of :mod:`mavsr.evaluation.similarity`, for the figure that shows tokens.
        adaptive: table of :mod:`mavsr.evaluation.adapt`, for figures that show adaptive rates.
        confidence: table of :mod:`mavsr.evaluation.judge`, for the figure that shows confidence.
        differences: table of :mod:`mavsr.evaluation.differences`, for the figure that shows them.
    """
    sources = Sources(
        read_scores(scores),
        settings,
        routing=None if routing is None else read_csv(routing, "routing"),
        similarity=None if similarity is None else read_csv(similarity, "similarity"),
        adaptive=None if adaptive is None else read_adapted(adaptive),
        confidence=None if confidence is None else read_judged(confidence),
        differences=None if differences is None else read_compared(differences),
    )
    with styled():
        save(figure_builder(name)(sources), output, name)


if __name__ == "__main__":
    run_command(draw_figure)
