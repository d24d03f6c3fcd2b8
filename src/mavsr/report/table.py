"""Command: write a table as CSV, Markdown, LaTeX, HTML and reStructuredText."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from mavsr.command import run_command
from mavsr.evaluation.collect import read_scores
from mavsr.evaluation.score import COLUMNS
from mavsr.report.layout import Table
from mavsr.report.sources import ReportSettings, Sources
from mavsr.report.tables import mome
from mavsr.report.tables.cost import table4
from mavsr.report.tables.elastic import elastic
from mavsr.report.tables.literature import table2
from mavsr.report.tables.noise_check import noise_check
from mavsr.report.tables.rates import table1, table3, table5

BUILDERS: dict[str, Callable[[Sources], Table]] = {
    "table1": table1,
    "table2": table2,
    "table3": table3,
    "table4": table4,
    "table5": table5,
    "mome/main": mome.main,
    "mome/noise": mome.noise,
    "mome/ablation": mome.ablation,
    "mome/routers": mome.routers,
    "mome/large": mome.large,
    "noise_check": noise_check,
    "elastic": elastic,
}
"""Name in :data:`mavsr.report.catalogue.TABLES` -> what makes it."""


def write_table(
    name: str, output: Path, settings: ReportSettings, scores: Path | None = None
) -> None:
    """Write ``<name>`` as ``.csv``, ``.md``, ``.tex``, ``.html`` and ``.rst``; print the second.

    Args:
        name: a table of :data:`mavsr.report.catalogue.TABLES`.
        output: the folder.
        settings: what of the config the table reads.
        scores: scores of the table's experiment, if it has one.
    """
    rows = pd.DataFrame(columns=list(COLUMNS)) if scores is None else read_scores(scores)
    table = BUILDERS[name](Sources(rows, settings))
    table.write(output, name)
    print((output / f"{name}.md").read_text())


if __name__ == "__main__":
    run_command(write_table)
