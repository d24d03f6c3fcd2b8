"""Command: join the experiments' tables of scores into one."""

from pathlib import Path

import pandas as pd

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.evaluation.score import COLUMNS, COUNTS
from mavsr.files import atomic
from mavsr.remedies import rebuild_command
from mavsr.tables import read_csv

KEY = ["model", "corpus", "split", "condition", "audio_rate", "video_rate"]
"""What makes a row of ``wer.csv`` one of a kind."""


def collect(scores: list[Path], output: Path) -> None:
    """Write ``output``: every row once, though experiments share models.

    Of two rows on the same hypotheses, the one that was compared with a baseline stays, and of
    these the one with most seeds: an experiment may lack them.

    Args:
        scores: tables of :mod:`mavsr.evaluation.score`.
        output: the joined table, rows in the order of the experiments.
    """
    with atomic(output) as partial:
        joined(scores).to_csv(partial, index=False)


def joined(scores: list[Path]) -> pd.DataFrame:
    """The rows of :func:`collect`.

    Raises:
        InputError: see :func:`read_scores`.
    """
    table = pd.concat([read_scores(path) for path in scores], ignore_index=True)
    preferred = table.assign(alone=table.baseline.isna(), fewer=-table.seeds)
    compared = preferred.sort_values(["alone", "fewer"], kind="stable")[list(COLUMNS)]
    return compared.drop_duplicates(KEY).sort_index(ignore_index=True)


def read_scores(path: Path, sealed: bool = True) -> pd.DataFrame:
    """A table of scores with the types of its columns.

    Args:
        path: the table.
        sealed: whether it must carry a checksum. ``wer.csv``, which people open, has none; what
            reads it compares it with the experiments' tables.

    Raises:
        InputError: it is missing, damaged, or lacks a column.
    """
    table = read_csv(path, "scores", sealed, types={"baseline": object, **COUNTS})
    if missing := [column for column in COLUMNS if column not in table]:
        raise InputError(
            f"scores {path} lack the columns {', '.join(missing)}; rebuild them: "
            f"{rebuild_command(path)}"
        )
    known = {"variant": "", "trained_on": "", "unit": "word"}
    return table.fillna(known)[list(COLUMNS)]


if __name__ == "__main__":
    run_command(collect)
