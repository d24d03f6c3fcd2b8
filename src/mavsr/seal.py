"""Give checksums to data that were made before there were any, after a look at them.

Shards get their last member, tables, records and hypotheses their checksum. What the look can see
is compared first: a shard with its ``index.json``, crops with their ledger. What was damaged before
that, and in a way that shows in none of these, stays unseen; so a person decides this who knows
where the data come from, and no job does.
"""

import json
import os
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from mavsr.errors import InputError
from mavsr.evaluation.hypotheses import LINES
from mavsr.files import atomic, checksum, sha256
from mavsr.records import CHECKSUM, read, read_json, write_record
from mavsr.remedies import rebuild_command
from mavsr.shards import add_checksums, check_keys, contents, identity
from mavsr.tables import SEALED_COLUMN, write_csv, write_parquet

CSV = ("dropped.csv", "ledger.csv", "ledger_summary.csv", "routing.csv", "checks.csv")
JSON = ("index.json", "toy.json", "portrait.json", "downloads.json")
"""Names of what carries a checksum, beside ledgers, scores and sidecars. Other files are for people
to open, or of other software, or ``run.json`` has their digests."""


def seal_data(path: Path) -> list[Path]:
    """Seal a file, or all files below a folder that lack a checksum and have a place for one.

    Times of files are kept, because no content changed: no job is to run again for it.

    Args:
        path: shard (``.tar``), ``.csv``, ``.json``, ``.jsonl`` or ``.parquet``; or a folder.

    Returns:
        The files that were sealed; those that carry a checksum already are left alone.

    Raises:
        InputError: there is no such file, it has no place for a checksum, or it is damaged.

    """
    if path.is_dir():
        files = [file for suffix in _SEALS for file in sorted(path.rglob(f"*{suffix}"))]
        return [file for file in files if has_place(file) and _SEALS[file.suffix](file)]
    if not path.is_file():
        raise InputError(f"{path} does not exist; give a file or folder below results")
    if not has_place(path):
        raise InputError(
            f"{path} has no place for a checksum; give a shard, manifest, ledger, list of dropped "
            "clips, index, hypotheses or scores, or a folder of them"
        )
    return [path] if _SEALS[path.suffix](path) else []


def has_place(path: Path) -> bool:
    """Whether a file is of a kind that carries a checksum."""
    if path.suffix == ".csv":
        ledger, scores = path.with_suffix(".tar").is_file(), path.parent.name == "evaluation"
        return path.name in CSV or ledger or scores
    if path.suffix == ".json":
        beside = path.with_suffix(".jsonl"), path.with_suffix(".pt")
        return path.name in JSON or any(file.is_file() for file in beside)
    return path.suffix in _SEALS and path.name != "samples.parquet"


def _seal_shard(path: Path) -> bool:
    found = contents(path, sealed=False)
    if all(e.crc32 is not None for fields in found.values() for e in fields.values()) and found:
        return False
    index = path.with_name("index.json")
    record = read_json(index, "index", sealed=False) if index.is_file() else None
    entries = [e for e in (record or {}).get("shards", []) if e["file"] == path.name]
    if entries and entries[0]["sha256"] != sha256(path):
        raise InputError(
            f"shard {path} is not the one that {index} was written for, so it is not sealed; "
            f"rebuild it: {rebuild_command(path)}"
        )
    ledger = path.with_suffix(".csv")
    if ledger.is_file():
        table = pd.read_csv(ledger, dtype={"key": str, "kept": str}, na_filter=False)
        check_keys(path, found, table.key[table.kept == "true"])
    elif not entries:
        raise InputError(
            f"shard {path} has neither a ledger nor an index.json beside it that say what must be "
            f"in it, so it is not sealed; rebuild it: {rebuild_command(path)}"
        )
    _append_checksums(path)
    if record is not None and entries:
        entries[0].update(identity(path))
        record["bytes"] = sum(entry["bytes"] for entry in record["shards"])
        _keep_time(index, lambda: write_record(index, record))
    return True


def _append_checksums(path: Path) -> None:
    """Rewrite a shard with its last member, byte for byte as it would be written now."""

    def write() -> None:
        sums: dict[str, int] = {}
        with (
            atomic(path) as partial,
            tarfile.open(path, "r:") as old,
            tarfile.open(partial, "w:") as new,
        ):
            for member in old:
                content = old.extractfile(member)
                assert content is not None, f"{path}: {member.name} is a file, or it was refused"
                sums[member.name] = zlib.crc32(content.read())
                content.seek(0)
                new.addfile(member, content)
            add_checksums(new, sums)

    _keep_time(path, write)


def _seal_table(path: Path) -> bool:
    cells = read(path, "table", lambda _: pd.read_csv(path, dtype=str, na_filter=False))
    if str(cells.columns[-1]).startswith(SEALED_COLUMN):
        return False
    _keep_time(path, lambda: write_csv(path, cells))
    return True


def _seal_parquet(path: Path) -> bool:
    table = read(path, "table", lambda _: pd.read_parquet(path))
    if CHECKSUM in table.attrs:
        return False
    _keep_time(path, lambda: write_parquet(path, table))
    return True


def _seal_record(path: Path) -> bool:
    content = read(path, "record", lambda found: dict(json.loads(found)))
    lines = path.with_suffix(".jsonl")
    wanted = {LINES: checksum(lines.read_bytes())} if lines.is_file() else {}
    if CHECKSUM in content and wanted.keys() <= content.keys():
        return False
    content = {**wanted, **{key: value for key, value in content.items() if key != CHECKSUM}}
    _keep_time(path, lambda: write_record(path, content))
    return True


def _seal_lines(path: Path) -> bool:
    sidecar = path.with_suffix(".json")
    if not sidecar.is_file():
        raise InputError(f"{sidecar} does not exist; decode again: {rebuild_command(path)}")
    return _seal_record(sidecar)


def _keep_time(path: Path, write: Callable[[], None]) -> None:
    times = path.stat()
    write()
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


_SEALS: dict[str, Callable[[Path], bool]] = {
    ".tar": _seal_shard,
    ".csv": _seal_table,
    ".parquet": _seal_parquet,
    ".jsonl": _seal_lines,
    ".json": _seal_record,
}
"""Suffix -> what seals such a file; shards before the records that have their bytes."""
