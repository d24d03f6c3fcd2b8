"""Command: join the experiments' tables of scores into one."""

from pathlib import Path

import pandas as pd

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.evaluation.score import COLUMNS, COUNTS
from mavsr.files import atomic

KEY = ["model", "split", "condition", "audio_rate", "video_rate"]
"""What makes a row of ``wer.csv`` one of a kind."""


def collect(scores: list[Path], output: Path) -> None:
    """Write ``output``: every row once, though experiments share models.

    Of two rows on the same hypotheses, the one that was compared with a baseline stays: an
    experiment may lack it.

    Args:
        scores: tables of :mod:`mavsr.evaluation.score`.
        output: the joined table, rows in the order of the experiments.
    """
    table = pd.concat([read_scores(path) for path in scores], ignore_index=True)
    compared = table.sort_values("baseline", kind="stable", na_position="last")
    table = compared.drop_duplicates(KEY).sort_index()
    with atomic(output) as partial:
        table.to_csv(partial, index=False)


def read_scores(path: Path) -> pd.DataFrame:
    """A table of scores with the types of its columns.

    Raises:
        InputError: it is not there.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist; run `snakemake {path}`")
    types = {"variant": str, "baseline": object, **COUNTS}
    table = pd.read_csv(path, dtype=types)
    return table.assign(variant=table.variant.fillna(""))[list(COLUMNS)]


if __name__ == "__main__":
    run_command(collect)
