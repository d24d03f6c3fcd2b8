"""Command: draw a figure as PDF and PNG."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from mavsr.command import run_command
from mavsr.evaluation.collect import read_scores
from mavsr.report.figures import bars, clouds, curves
from mavsr.report.figures.experts import experts
from mavsr.report.figures.style import save, styled
from mavsr.report.sources import ReportSettings, Sources
from mavsr.tables import read_csv

BUILDERS: dict[str, Callable[[Sources], Figure]] = {
    "figure3": bars.figure3,
    "figure4": bars.figure4,
    "figure5": bars.figure5,
    "figure6": bars.figure6,
    "mome/asr": curves.mome_asr,
    "mome/vsr": curves.mome_vsr,
    "mome/noise": curves.mome_noise,
    "mome/parameters": clouds.parameters,
    "mome/experts": experts,
    "figures/noise": curves.noise,
    "figures/tradeoff": clouds.tradeoff,
}
"""Name in :data:`mavsr.report.catalogue.FIGURES` -> what draws it."""


def draw_figure(
    name: str,
    output: Path,
    settings: ReportSettings,
    scores: Path,
    routing: Path | None = None,
) -> None:
    """Draw ``<name>.pdf`` and ``.png`` below ``output``.

    Args:
        name: a figure of :data:`mavsr.report.catalogue.FIGURES`.
        output: the folder.
        settings: what of the config the figure reads.
        scores: scores of the figure's experiment.
        routing: table of :mod:`mavsr.evaluation.routing`, for the figure that shows experts.
    """
    uses = None if routing is None else read_csv(routing, "routing")
    sources = Sources(read_scores(scores), settings, uses)
    with styled():
        save(BUILDERS[name](sources), output, name)


if __name__ == "__main__":
    run_command(draw_figure)
