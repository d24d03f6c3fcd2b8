"""Command: close a split of mouth crops (``python -m mavsr.mouths.index``)."""

import logging
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mavsr.command import run_command
from mavsr.corpus.manifest import read_manifest
from mavsr.errors import InputError
from mavsr.mouths.ledger import COLUMNS, Entry, kept_keys, read_ledger, write_table
from mavsr.remedies import named_clips, rebuild_command
from mavsr.shards import check_keys, contents, write_index
from mavsr.tables import read_csv

_log = logging.getLogger(__name__)


def index(
    shards: list[Path],
    ledgers: list[Path],
    scan_dropped: Path,
    manifest: Path,
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
        manifest: the split's manifest, of which every clip must be in a ledger.
        split: the split in question.
        output: the index to write (JSON, see mavsr.shards.write_index).
        ledger: the joined ledger to write (CSV).
        max_dropped: largest share of dropped clips that is accepted.

    Raises:
        InputError: a clip is in no ledger, a shard does not hold what its ledger says, or too many
            clips were dropped.

    """
    tables = {path: read_ledger(path) for path in ledgers}
    check_ledgers(tables, manifest)
    for shard in shards:
        check_keys(shard, contents(shard), kept_keys(shard.with_suffix(".csv")))
    parts = [scan_entries(scan_dropped, split), *tables.values()]
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


def check_ledgers(ledgers: Mapping[Path, pd.DataFrame], manifest: Path) -> None:
    """Raise InputError unless the ledgers of a split have the manifest's clips, each once."""
    rows = read_manifest(manifest)
    for path, table in ledgers.items():
        wanted, has = set(rows.key[rows.shard == int(path.stem)]), set(table.key)
        lost, strange = named_clips("lacks", wanted - has), named_clips("has", has - wanted)
        if lost or strange or len(has) != len(table):
            raise InputError(
                f"ledger {path} does not fit {manifest} ({'; '.join([*lost, *strange])}); rebuild "
                f"it: {rebuild_command(path, path.with_suffix('.tar'))}"
            )
    missing = rows[~rows.shard.isin([int(path.stem) for path in ledgers])]
    if len(missing):
        (clips,) = named_clips("has", set(missing.key))
        raise InputError(
            f"{manifest} {clips} in shards without a ledger ({sorted(set(missing.shard))}); run "
            "again with `--forcerun scan_corpus`"
        )


def scan_entries(scan_dropped: Path, split: str) -> pd.DataFrame:
    """Ledger rows of the clips that the corpus stage left out of ``split``."""
    left_out = read_csv(scan_dropped, "list of dropped clips")
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
