"""One way to read what a job wrote down, here JSON and JSON lines; tables are in mavsr.tables.

Each file carries a checksum of its values where its format has a place for one: JSON a key
``checksum``, CSV the name of a last, empty column, Parquet its attributes; JSON lines have theirs
in the sidecar. So a file that is missing, cut, emptied or changed gives one message that names it
and what to do, and never other numbers.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from mavsr.errors import InputError
from mavsr.files import checksum, write_json
from mavsr.remedies import rebuild_command

T = TypeVar("T")
CHECKSUM = "checksum"
"""Key of a JSON object's own checksum; attribute of a Parquet table."""


def write_record(path: Path, content: dict[str, Any]) -> None:
    """Write an object as JSON with its own checksum as one more key, atomically."""
    write_json(path, {**content, CHECKSUM: json_checksum(content)})


def json_checksum(content: dict[str, Any]) -> str:
    """Checksum of an object's values, whatever the layout of its file: eight hexadecimal digits.

    The key :data:`CHECKSUM` does not count.
    """
    # Once through JSON, as that is how a reader has it: keys are strings, tuples lists.
    plain = json.loads(json.dumps(content))
    plain.pop(CHECKSUM, None)
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return checksum(text.encode())


def read_json(
    path: Path, what: str, sealed: bool = True, remedy: str | None = None
) -> dict[str, Any]:
    """The object that :func:`write_record` wrote, without its checksum.

    Args:
        path: the file.
        what: what messages call it, such as "index".
        sealed: whether it must carry a checksum.
        remedy: what to do about damage; to run the rule that writes it, if not given.

    Raises:
        InputError: it is missing, cut, empty, no JSON object, or not what was written.

    """

    def parse(content: bytes) -> dict[str, Any]:
        found = json.loads(content.decode())
        if not isinstance(found, dict):
            raise ValueError(f"it holds a {type(found).__name__} instead of an object")
        known = found.pop(CHECKSUM, None)
        if sealed or known is not None:
            compare(known, json_checksum(found), path, what, remedy)
        return found

    return read(path, what, parse, remedy)


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
        compare(known, checksum(content), path, what)
        # Not splitlines(): a text may hold characters that it takes for ends of lines.
        return [json.loads(line) for line in content.decode().split("\n") if line]

    return read(path, what, parse)


def read(path: Path, what: str, parse: Callable[[bytes], T], remedy: str | None = None) -> T:
    """What ``parse`` makes of a file's content.

    Raises:
        InputError: the file is missing, or ``parse`` raises anything at all.

    """
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


def compare(
    known: str | None, found: str, path: Path, what: str, remedy: str | None = None
) -> None:
    """Raise InputError unless a file's checksum is the one it carries; None if it has none."""
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
