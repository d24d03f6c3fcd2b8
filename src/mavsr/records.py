"""One way to read what a job wrote down: JSON, CSV, Parquet, JSON lines.

Each of these files carries a checksum of its values where its format has a place for one: JSON a
key ``checksum``, CSV the name of a last, empty column, Parquet its attributes; JSON lines have
theirs in the sidecar. So a file that is missing, cut, emptied or changed gives one message that
names it and what to do, and never other numbers.
"""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from mavsr.errors import InputError
from mavsr.files import CHECKSUM, atomic, checksum, json_checksum
from mavsr.remedies import rebuild_command

_COLUMN = "crc32:"
"""Beginning of the name of a table's last column; the checksum follows."""


def read_json(path: Path, what: str, remedy: str | None = None) -> dict[str, Any]:
    """The object that :func:`mavsr.files.write_json` wrote, without its checksum.

    Args:
        path: the file.
        what: what messages call it, such as "index".
        remedy: what to do about damage; to run the rule that writes it, if not given.

    Raises:
        InputError: it is missing, cut, empty, no JSON object, or not what was written.

    """

    def parse(content: bytes) -> dict[str, Any]:
        found = json.loads(content.decode())
        if not isinstance(found, dict):
            raise ValueError(f"it holds a {type(found).__name__} instead of an object")
        known = found.pop(CHECKSUM, None)
        _compare(known, json_checksum(found), path, what, remedy)
        return found

    return _read(path, what, parse, remedy)


def read_csv(path: Path, what: str, sealed: bool = True, **options: Any) -> pd.DataFrame:
    """The table that :func:`write_csv` wrote.

    Args:
        path: the file.
        what: what messages call it, such as "ledger".
        sealed: whether it must carry a checksum.
        **options: of :func:`pandas.read_csv`.

    Raises:
        InputError: it is missing, cut, empty, no table, or not what was written.

    """

    def parse(content: bytes) -> pd.DataFrame:
        cells = pd.read_csv(io.BytesIO(content), dtype=str, na_filter=False)
        last = str(cells.columns[-1])
        known = last.removeprefix(_COLUMN) if last.startswith(_COLUMN) else None
        text = _text(cells.drop(columns=last) if known else cells)
        if sealed or known:
            _compare(known, checksum(text.encode()), path, what)
        return pd.read_csv(io.StringIO(text), **options)

    return _read(path, what, parse)


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write ``table`` as CSV with the checksum of its text, atomically.

    The checksum is the name of one more column without values, so that any reader of CSV still
    reads the table.
    """
    cells = pd.read_csv(io.StringIO(_text(table)), dtype=str, na_filter=False)
    name = f"{_COLUMN}{checksum(_text(cells).encode())}"
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
        _compare(known, checksum(_text(table).encode()), path, what)
        return table

    return _read(path, what, parse)


def write_parquet(path: Path, table: pd.DataFrame) -> None:
    """Write ``table`` as Parquet with the checksum of its values, atomically."""
    sealed = table.copy(deep=False)
    sealed.attrs = {CHECKSUM: checksum(_text(table).encode())}
    with atomic(path) as partial:
        sealed.to_parquet(partial, index=False)


def read_lines(path: Path, what: str, known: str | None) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines.

    Args:
        path: the file.
        what: what messages call it, such as "hypotheses".
        known: checksum of the file (:func:`mavsr.files.checksum`), as its sidecar has it.

    Raises:
        InputError: it is missing, or is not the file with this checksum.

    """

    def parse(content: bytes) -> list[dict[str, Any]]:
        _compare(known, checksum(content), path, what)
        # Not splitlines(): a text may hold characters that it takes for ends of lines.
        return [json.loads(line) for line in content.decode().split("\n") if line]

    return _read(path, what, parse)


def _read(path: Path, what: str, parse: Callable[[bytes], Any], remedy: str | None = None) -> Any:
    if not path.is_file():
        raise InputError(f"{what} {path} does not exist; make it: {rebuild_command(path)}")
    content = path.read_bytes()
    try:
        return parse(content)
    except InputError:
        raise
    # What parsers of damaged files raise is not documented: pyarrow alone has a dozen kinds.
    except Exception as error:
        why = " ".join(str(error).split()) if content else "it is empty"
        raise InputError(f"{what} {path} is damaged ({why}); {remedy or _rebuild(path)}") from error


def _compare(
    known: str | None, found: str, path: Path, what: str, remedy: str | None = None
) -> None:
    if known is None:
        raise InputError(
            f"{what} {path} carries no checksum: it was made before there were any, or by hand. "
            f"Look at it, then `mavsr seal {path}`; or {remedy or _rebuild(path)}"
        )
    if known != found:
        raise InputError(
            f"{what} {path} is damaged or was changed after it was written (its checksum is "
            f"{found}, not {known}); {remedy or _rebuild(path)}"
        )


def _rebuild(path: Path) -> str:
    return f"rebuild it: {rebuild_command(path)}"


def _text(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, lineterminator="\n")
