"""What a command reads and where it writes, looked at before anything is computed."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from mavsr.errors import InputError
from mavsr.files import check_target


def check_read(file: Path) -> None:
    """Raise InputError unless there is such a file."""
    if not file.is_file():
        raise InputError(f"{file}: {'it is a folder' if file.is_dir() else 'no such file'}")


def check_written(written: Sequence[Path], read: Iterable[Path]) -> None:
    """Refuse to write where no file can be, or over what is read.

    Args:
        written: every file that will be written.
        read: every file that is read.

    Raises:
        InputError: two of ``written`` are one place, or one is a folder, a device, a pipe or, maybe
            by a link, one of ``read``.

    """
    inputs = {identity for file in read if (identity := _identity(file))}
    taken: set[str] = set()
    for place in written:
        check_target(place)
        if _identity(place) in inputs:
            raise InputError(f"{place} would be written over; choose another name")
        if (real := os.path.realpath(place)) in taken:
            raise InputError(f"{place} would be written twice; give each output its own name")
        taken.add(real)


def as_text(path: str | Path) -> str:
    """A path as any text file takes it: bytes that are no UTF-8 become U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")


def _identity(file: Path) -> tuple[int, int] | None:
    """Device and inode, which all links to a file share; None if there is none."""
    return (found.st_dev, found.st_ino) if file.exists() and (found := file.stat()) else None
