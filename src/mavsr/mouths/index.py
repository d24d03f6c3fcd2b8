"""Command: close a split of mouth crops (``python -m mavsr.mouths.index``)."""

import logging
from pathlib import Path

import pandas as pd

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.mouths.ledger import COLUMNS, Entry, read_ledger, write_table
from mavsr.shards import write_index

_log = logging.getLogger(__name__)


def index(
    shards: list[Path],
    ledgers: list[Path],
    scan_dropped: Path,
    split: str,
    output: Path,
    ledger: Path,
    max_dropped: float = 0.02,
) -> None:
    """Write the split's joined ledger and, unless too many clips were dropped, its index.json.

    Args:
        shards: paths of all shards of the split.
        ledgers: paths of these shards' ledgers.
        scan_dropped: what the corpus stage had to leave out (see mavsr.corpus.scan), all splits.
        split: the split in question.
        output: the index to write (JSON, see mavsr.shards.write_index).
        ledger: the joined ledger to write (CSV).
        max_dropped: largest share of dropped clips that is accepted.

    """
    parts = [scan_entries(scan_dropped, split), *(read_ledger(path) for path in ledgers)]
    table = pd.concat([part for part in parts if len(part)]).sort_values("key", ignore_index=True)
    write_table(ledger, table)
    dropped = table[~table.kept]
    report = summary(table)
    if len(dropped) > max_dropped * len(table):
        raise InputError(
            f"{report}\nMore than max_dropped {max_dropped:g} of the clips were dropped; mend the "
            "files or the cause named above and run again with `--forcerun scan_corpus`, or raise "
            "mouths.max_dropped"
        )
    _log.info("%s", report)
    write_index(output, shards, {"clips": len(table), "dropped": len(dropped)})


def scan_entries(scan_dropped: Path, split: str) -> pd.DataFrame:
    """Ledger rows of the clips that the corpus stage left out of ``split``."""
    left_out = pd.read_csv(scan_dropped)
    left_out = left_out[left_out.split == split]
    entries = [
        Entry(row.key, split, -1, False, row.reason, 0, 0.0, 0.0, 0.0, 0.0)
        for row in left_out.itertuples()
    ]
    return pd.DataFrame(entries, columns=list(COLUMNS))


def summary(table: pd.DataFrame) -> str:
    """Clips and hours kept and dropped, then a line for each clip with a reason or a remark."""
    lines = [
        f"{name} {len(part)} clips, {part.duration_s.sum() / 3600:.3f} h"
        for name, part in (("kept", table[table.kept]), ("dropped", table[~table.kept]))
    ]
    dropped, doubtful = table[~table.kept], table[table.kept & (table.remarks != "")]
    lines += [f"  {row.key}: {row.reason}" for row in dropped.itertuples()]
    lines += [f"  {row.key} kept, look at it: {row.remarks}" for row in doubtful.itertuples()]
    return "\n".join(lines)


if __name__ == "__main__":
    run_command(index)
