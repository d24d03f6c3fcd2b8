"""Index the finished feature shards of one split, so that training can read any clip at random.

``python -m mavsr.features.index --shards 00.tar 01.tar --output index.json
--samples samples.parquet --parameters '{...}'``
"""

import logging
import zlib
from pathlib import Path
from typing import Any

import pandas as pd

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.features.header import FIELD, Header, MadeBy, read_header
from mavsr.files import atomic
from mavsr.mouths.ledger import kept_keys
from mavsr.remedies import rebuild_command
from mavsr.shards import check_keys, extents, read_field, write_index
from mavsr.tokens import BYTES

COLUMNS = {
    "key": "of the clip",
    "file": "name of its shard, beside the table",
    "offset": "first byte of its safetensors content in the shard",
    "size": "bytes of that content",
    "crc32": "checksum of that content",
    "tokens": "how many tokens it has",
    "rows": "how many are stored: fewer if they are pooled",
    "dim": "width of a token",
}


def locate_samples(shards: list[Path], ledger: Path | None = None) -> tuple[pd.DataFrame, MadeBy]:
    """One row per clip of the shards, sorted by key, with the columns of ``COLUMNS``.

    Args:
        shards: of one split.
        ledger: the split's joined ledger of crops; each shard must have the clips it says.

    Returns:
        The table, and what made all of the features.

    Raises:
        InputError: a shard is missing or damaged, lacks a clip, a key occurs twice, or
            shards were made by different encoders or settings.

    """
    rows = []
    origins: dict[Path, MadeBy] = {}
    for path in sorted(shards):
        positions = extents(path, FIELD)
        if ledger:
            check_keys(path, positions, kept_keys(ledger, int(path.stem)))
        with path.open("rb") as file:
            for key, extent in positions.items():
                content = read_field(file, path, key, FIELD, extent)
                header = _header(content, path, key)
                origin = origins.setdefault(path, header.made_by)
                if origin != header.made_by:
                    raise _mixed([path], f"within one shard, {_difference(origin, header.made_by)}")
                place = (path.name, extent.offset, extent.size, zlib.crc32(content))
                rows.append((key, *place, header.tokens, header.rows, header.dim))
    made_by = _common_origin(origins)
    table = pd.DataFrame(rows, columns=list(COLUMNS)).sort_values("key", ignore_index=True)
    if table.key.duplicated().any():
        key = table.key[table.key.duplicated()].iloc[0]
        files = ", ".join(table.file[table.key == key])
        raise InputError(f"clip {key!r} is in several shards ({files}); rebuild them")
    if table.dim.nunique() > 1:
        odd = table[table.dim != table.dim.iloc[0]].iloc[0]
        raise InputError(
            f"clip {odd.key!r} in {odd.file} has tokens of width {odd.dim}, {table.key.iloc[0]!r} "
            f"in {table.file.iloc[0]} of width {table.dim.iloc[0]}: they are of different "
            "encoders; rebuild the shards"
        )
    return table, made_by


def _header(content: bytes, path: Path, key: str) -> Header:
    try:
        return read_header(content)
    except ValueError as error:
        raise InputError(
            f"{path}: clip {key!r} holds no features ({error}); rebuild the shard: "
            f"{rebuild_command(path)}"
        ) from error


def _common_origin(origins: dict[Path, MadeBy]) -> MadeBy:
    """What made every shard; those that differ from the newest are refused by name."""
    if not origins:
        return {}
    newest = max(origins, key=lambda path: path.stat().st_mtime_ns)
    stale = [path for path, origin in origins.items() if origin != origins[newest]]
    if stale:
        difference = _difference(origins[stale[0]], origins[newest])
        raise _mixed(stale, f"against {newest.name}, the newest, {difference}")
    return origins[newest]


def _difference(one: MadeBy, other: MadeBy) -> str:
    keys = sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))
    return ", ".join(f"{key}: {one.get(key)} instead of {other.get(key)}" for key in keys)


def _mixed(stale: list[Path], what: str) -> InputError:
    names = ", ".join(path.name for path in stale)
    return InputError(
        f"features in {stale[0].parent} are a mixture: the encoder or its settings changed while "
        f"the cache was there. Made otherwise: {names} ({what}). Rebuild them: "
        f"{rebuild_command(*stale)}"
    )


def index(
    shards: list[Path],
    output: Path,
    samples: Path,
    parameters: dict[str, Any],
    ledger: Path | None = None,
) -> None:
    """Write ``samples.parquet``, then ``index.json``, of the shards of one split.

    Args:
        shards: all feature shards of the split.
        output: index.json, in their folder.
        samples: samples.parquet, in their folder.
        parameters: what made the shards; stored in the index, with what they say themselves.
        ledger: the split's joined ledger of crops, of which every kept clip must have features.

    """
    table, made_by = locate_samples(shards, ledger)
    with atomic(samples) as partial:
        table.to_parquet(partial, index=False)
    write_index(output, shards, {**parameters, "made_by": made_by}, samples)
    stored, full = int(table.rows.sum()), int(table.tokens.sum())
    if stored < full:
        saved = (full - stored) * int(table.dim.iloc[0]) * BYTES[made_by["dtype"]]
        logging.info(
            "pooled: %s of %s tokens stored, %.3f GB saved", f"{stored:,}", f"{full:,}", saved / 1e9
        )


if __name__ == "__main__":
    run_command(index)
