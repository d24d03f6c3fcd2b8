"""The rows of ``metrics.csv`` while they come, as event files for TensorBoard."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mavsr.errors import InputError

Report = Callable[[dict], None]
"""What is told of every row of ``metrics.csv``."""


@contextmanager
def event_files(folder: Path, wanted: bool) -> Iterator[Report]:
    """Write event files to ``folder`` while the block runs, if they are wanted.

    What an earlier run left there goes. A run that is resumed reports its earlier rows again, so
    every row is there once, however often it was interrupted.

    Yields:
        what takes the rows: ``loss/<split>/<scale>``, ``wer/<scale>`` and ``learning_rate``.

    Raises:
        InputError: they are wanted but cannot be written here.
    """
    shutil.rmtree(folder, ignore_errors=True)
    if not wanted:
        yield lambda row: None
        return
    with _writer()(str(folder)) as writer:
        rated = -1  # the last step of which the learning rate is written: all scales have the same

        def report(row: dict) -> None:
            nonlocal rated
            split, scale, step = row["split"], row["scale"], row["step"]
            writer.add_scalar(f"loss/{split}/{scale}", row["loss"], step)
            if row["wer"] is not None:
                writer.add_scalar(f"wer/{scale}", row["wer"], step)
            if split == "train" and step > rated:
                writer.add_scalar("learning_rate", row["learning_rate"], step)
                rated = step

        yield report


def told_to(*reports: Report) -> Report:
    """One report of several: each is told of every row."""

    def report(row: dict) -> None:
        for one in reports:
            one(row)

    return report


def _writer() -> Any:
    try:
        from tensorboardX import SummaryWriter
    except ImportError as error:
        raise InputError(
            "training.tensorboard needs the package tensorboardX (pip install tensorboardX); "
            "metrics.csv has the same numbers without it"
        ) from error
    return SummaryWriter
