"""Command: sum the ledgers of a corpus (``python -m mavsr.mouths.summary``)."""

import re
from pathlib import Path

import pandas as pd

from mavsr.command import run_command
from mavsr.mouths.ledger import read_ledger
from mavsr.tables import write_csv

COLUMNS = ("split", "outcome", "cause", "clips", "hours", "frames", "face_share", "remarks")


def summarise(ledgers: list[Path], output: Path) -> None:
    """Write what was kept and dropped, and why, for each split and over all splits.

    Args:
        ledgers: the joined ledger of each split.
        output: the table to write (CSV): ``split`` (or ``all``), ``outcome`` (``kept`` or
            ``dropped``), ``cause`` (the reason without what differs from clip to clip), ``clips``,
            ``hours``, ``frames``, ``face_share`` (of all frames of these clips) and ``remarks``
            (how many clips have one, see mavsr.mouths.guard).

    """
    table = pd.concat([read_ledger(path) for path in ledgers], ignore_index=True)
    parts = [(split, part) for split, part in table.groupby("split", sort=False)]
    rows = [row for split, part in [*parts, ("all", table)] for row in sums(str(split), part)]
    write_csv(output, pd.DataFrame(rows, columns=list(COLUMNS)).round(4))


def sums(split: str, table: pd.DataFrame) -> list[tuple]:
    """Rows of the summary for one split: what was kept, then each cause, commonest first."""
    causes = table.reason.map(cause).where(~table.kept, "")
    rows = []
    groups = table.groupby([~table.kept, causes.rename("cause")])
    for (dropped, why), part in sorted(groups, key=lambda group: (group[0][0], -len(group[1]))):
        frames = int(part.frames.sum())
        # Of ready-made crops, where no face was looked for, it is not known.
        shares = (part.face_share * part.frames).sum(min_count=1)
        faces = float(shares / frames) if frames else 0.0
        outcome = "dropped" if dropped else "kept"
        hours, remarks = part.duration_s.sum() / 3600, int((part.remarks != "").sum())
        rows.append((split, outcome, why, len(part), hours, frames, faces, remarks))
    return rows


def cause(reason: str) -> str:
    """Make reasons of one kind equal: without paths, numbers, and what stands in brackets."""
    text = re.sub(r"\([^()]*\)", "", reason)
    text = re.sub(r"\S*/.*\.\w+(?=[:,; ]|$)", "file", text).removeprefix("file: ")
    text = re.sub(r"[-+]?\d+(\.\d+)?", "#", re.split("[;]| must ", text)[0])
    return " ".join(text.split())


if __name__ == "__main__":
    run_command(summarise)
