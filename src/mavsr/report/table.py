"""Command: write a table as CSV, Markdown, LaTeX, HTML and reStructuredText."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from mavsr.command import run_command
from mavsr.evaluation.collect import read_scores
from mavsr.evaluation.score import COLUMNS
from mavsr.files import atomic
from mavsr.report.catalogue import ALL_TABLES
from mavsr.report.cost_table import read_costs
from mavsr.report.sources import ReportSettings, Sources, read_adapted


def table_builder(name: str) -> Callable[[Sources], Any]:
    """The function that makes a table of its sources."""
    module, _, function = ALL_TABLES[name].builder.partition(".")
    return getattr(import_module(f"mavsr.report.tables.{module}"), function)


def write_table(
    name: str,
    output: Path,
    settings: ReportSettings,
    scores: Path | None = None,
    adaptive: Path | None = None,
    validation: Path | None = None,
    cost: Path | None = None,
) -> None:
    """Write ``<name>`` as ``.csv``, ``.md``, ``.tex``, ``.html`` and ``.rst``; print the second.

    Beside them ``<name>_long.csv`` has a line per score with all columns of ``wer.csv``, such as
    intervals and counts; of a table without scores it is the table itself.

    Args:
        name: a table of :data:`mavsr.report.catalogue.TABLES`.
        output: the folder.
        settings: what of the config the table reads.
        scores: scores of the table's experiment, if it has one.
        adaptive: table of :mod:`mavsr.evaluation.adapt`, for the table that shows adaptive rates.
        validation: scores on the validation split, for a table in which scales are chosen.
        cost: table of :mod:`mavsr.report.costs`, for the same.
    """
    rows = pd.DataFrame(columns=list(COLUMNS)) if scores is None else read_scores(scores)
    sources = Sources(
        rows,
        settings,
        adaptive=None if adaptive is None else read_adapted(adaptive),
        validation=None if validation is None else read_scores(validation),
        costs=None if cost is None else read_costs(cost),
    )
    table = table_builder(name)(sources)
    table.write(output, name)
    with atomic(output / f"{name}_long.csv") as partial:
        (table.frame if scores is None else rows).to_csv(partial, index=False)
    print((output / f"{name}.md").read_text())


if __name__ == "__main__":
    run_command(write_table)
