"""Command: draw a figure as PDF and PNG."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from mavsr.command import run_command
from mavsr.evaluation.collect import read_scores
from mavsr.report.figures import bars, clouds, curves
from mavsr.report.figures.expert_bars import expert_bars
from mavsr.report.figures.experts import experts
from mavsr.report.figures.similarity import similarity as similarity_figure
from mavsr.report.figures.style import save, styled
from mavsr.report.sources import ReportSettings, Sources

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
    "mome/expert_bars": expert_bars,
    "mome/expert_bars_ffn": expert_bars,
    "mome/similarity": similarity_figure,
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
    similarity: Path | None = None,
) -> None:
    """Draw ``<name>.pdf`` and ``.png`` below ``output``.

    Args:
        name: a figure of :data:`mavsr.report.catalogue.FIGURES`.
        output: the folder.
        settings: what of the config the figure reads.
        scores: scores of the figure's experiment.
        routing: table of :mod:`mavsr.evaluation.routing`, for figures that show experts.
        similarity: table of :mod:`mavsr.evaluation.similarity`, for the figure that shows tokens.
    """
    uses, alike = (None if path is None else pd.read_csv(path) for path in (routing, similarity))
    sources = Sources(read_scores(scores), settings, uses, alike)
    with styled():
        save(BUILDERS[name](sources), output, name)


if __name__ == "__main__":
    run_command(draw_figure)
