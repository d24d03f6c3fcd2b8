"""What a disk refuses is the user's to mend, not a defect."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mavsr.errors import InputError


@contextmanager
def disk_errors(place: Path) -> Iterator[None]:
    """Turn a full, read-only or broken disk below ``place`` into an InputError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise InputError(
                f"the disk that holds {place} is full; make room and run again (what came is kept)"
            ) from error
        if error.errno is None:
            raise
        raise InputError(
            f"{error.filename or place}: {error.strerror}; mend that, or choose another folder"
        ) from error
