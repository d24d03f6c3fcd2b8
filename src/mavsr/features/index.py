"""Index the finished feature shards of one split, so that training can read any clip at random.

``python -m mavsr.features.index --shards 00.tar 01.tar --output index.json
--samples samples.parquet --parameters '{...}'``
"""

import json
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.features.cache import FIELD, TENSOR
from mavsr.files import atomic
from mavsr.shards import extents, write_index

COLUMNS = {
    "key": "of the clip",
    "file": "name of its shard, beside the table",
    "offset": "first byte of its safetensors content in the shard",
    "size": "bytes of that content",
    "tokens": "how many tokens it has",
    "dim": "width of a token",
}


def locate_samples(shards: list[Path]) -> pd.DataFrame:
    """One row per clip of the shards, sorted by key, with the columns of ``COLUMNS``.

    Raises:
        InputError: a shard is missing or damaged, a key occurs twice, or widths differ.

    """
    rows = []
    for path in sorted(shards):
        positions = extents(path, FIELD)
        with path.open("rb") as file:
            for key, extent in positions.items():
                file.seek(extent.offset)
                tokens, dim = _shape(file, key)
                rows.append((key, path.name, extent.offset, extent.size, tokens, dim))
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
    return table


def _shape(file: BinaryIO, key: str) -> tuple[int, int]:
    """Read tokens and width of a clip from the header of the safetensors content that follows."""
    try:
        length = int.from_bytes(file.read(8), "little")
        tokens, dim = json.loads(file.read(length))[TENSOR]["shape"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{file.name}: clip {key!r} holds no tensor {TENSOR!r} (tokens, dim); rebuild the shard"
        ) from error
    return tokens, dim


def index(shards: list[Path], output: Path, samples: Path, parameters: dict[str, Any]) -> None:
    """Write ``samples.parquet``, then ``index.json``, of the shards of one split.

    Args:
        shards: all feature shards of the split.
        output: index.json, in their folder.
        samples: samples.parquet, in their folder.
        parameters: what made the shards; stored in the index.

    """
    table = locate_samples(shards)
    with atomic(samples) as partial:
        table.to_parquet(partial, index=False)
    write_index(output, shards, parameters)


if __name__ == "__main__":
    run_command(index)
