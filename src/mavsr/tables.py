"""Tables that jobs write for other jobs: CSV and Parquet with a checksum of their values."""

import io
from pathlib import Path
from typing import Any

import pandas as pd

from mavsr.files import atomic, checksum
from mavsr.records import CHECKSUM, compare, read

SEALED_COLUMN = "crc32:"
"""Beginning of the name of a table's last column; the checksum follows."""
NAMES = (
    *("key", "corpus", "trained_on", "split", "condition", "task", "method", "variant"),
    *("encoders", "llm", "compression", "model", "baseline", "reason", "remarks", "cause"),
)
"""Columns of text, whatever it looks like: a corpus may be called 2024, 1e3 or NA."""


def read_csv(
    path: Path, what: str, sealed: bool = True, types: dict[str, Any] | None = None
) -> pd.DataFrame:
    """The table that :func:`write_csv` wrote; empty cells are missing, and no others.

    Args:
        path: the file.
        what: what messages call it, such as "ledger".
        sealed: whether it must carry a checksum.
        types: column -> type, where values do not tell; columns in ``NAMES`` are text anyway.

    Raises:
        InputError: it is missing, cut, empty, no table, or not what was written.

    """

    def parse(content: bytes) -> pd.DataFrame:
        cells = pd.read_csv(io.BytesIO(content), dtype=str, na_filter=False)
        last = str(cells.columns[-1])
        known = last.removeprefix(SEALED_COLUMN) if last.startswith(SEALED_COLUMN) else None
        text = _text(cells.drop(columns=last) if known else cells)
        if sealed or known:
            compare(known, checksum(text.encode()), path, what)
        return pd.read_csv(
            io.StringIO(text),
            dtype={**dict.fromkeys(NAMES, str), **(types or {})},
            keep_default_na=False,
            na_values=[""],
        )

    return read(path, what, parse)


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write ``table`` as CSV with the checksum of its text, atomically.

    The checksum is the name of one more column without values, so that any reader of CSV still
    reads the table.
    """
    cells = pd.read_csv(io.StringIO(_text(table)), dtype=str, na_filter=False)
    name = f"{SEALED_COLUMN}{checksum(_text(cells).encode())}"
    with atomic(path) as partial:
        partial.write_text(_text(cells.assign(**{name: ""})), encoding="utf-8", newline="")


def read_parquet(path: Path, what: str) -> pd.DataFrame:
    """The table that :func:`write_parquet` wrote.

    Raises:
        InputError: it is missing, cut, empty, no table, or not what was written.

    """

    def parse(content: bytes) -> pd.DataFrame:
        table = pd.read_parquet(io.BytesIO(content))
        known = table.attrs.pop(CHECKSUM, None)
        compare(known, checksum(_text(table).encode()), path, what)
        return table

    return read(path, what, parse)


def write_parquet(path: Path, table: pd.DataFrame) -> None:
    """Write ``table`` as Parquet with the checksum of its values, atomically."""
    sealed = table.copy(deep=False)
    sealed.attrs = {CHECKSUM: checksum(_text(table).encode())}
    with atomic(path) as partial:
        sealed.to_parquet(partial, index=False)


def _text(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, lineterminator="\n")
