"""What a run says while it trains: its losses, in ``metrics.csv`` and in the log."""

import csv
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mavsr.training.events import Report

COLUMNS = ("step", "epoch", "split", "scale", "loss", "learning_rate", "wer")
"""Of ``metrics.csv``."""
LOG_EVERY_S = 30.0
"""Between two lines of losses in the log."""


@contextmanager
def live_metrics(path: Path, steps: int) -> Iterator[Report]:
    """Write ``metrics.csv`` row by row while the block runs; what an earlier run left there goes.

    The whole file is written again, atomically, once training has ended: only that one has a digest
    in ``run.json``, so no reader takes an unfinished one.

    Args:
        path: the file.
        steps: of the whole run, for the log.

    Yields:
        what takes the rows.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="", buffering=1) as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        log = _Log(steps)

        def report(row: dict) -> None:
            writer.writerow(row)
            log.take(row)

        yield report


class _Log:
    """A line with the losses of a training step, at the first and then every half minute."""

    def __init__(self, steps: int) -> None:
        self.steps, self.step = steps, -1
        self.losses: dict[str, float] = {}
        self.told = float("-inf")

    def take(self, row: dict) -> None:
        """Keep the losses of a training step; tell them once the next one begins."""
        if row["split"] != "train":
            return
        if row["step"] != self.step:  # the rows of a step come one after the other
            self._tell()
            self.step, self.losses = row["step"], {}
        self.losses[row["scale"]] = row["loss"]

    def _tell(self) -> None:
        now = time.monotonic()
        if not self.losses or now - self.told < LOG_EVERY_S:
            return
        self.told = now
        losses = ", ".join(f"{scale} {loss:.3f}" for scale, loss in self.losses.items())
        logging.info("step %d of %d: loss %s", self.step + 1, self.steps, losses)
