"""Read the parts of an archive as one file, without writing them out as one."""

import bisect
import io
import itertools
import os
from collections.abc import Sequence
from pathlib import Path


class JoinedParts(io.RawIOBase):
    """The files ``paths`` one after another: read-only, seekable, one of them open at a time."""

    def __init__(self, paths: Sequence[Path]):
        """Note where each part begins."""
        self._paths = list(paths)
        sizes = [path.stat().st_size for path in self._paths]
        self._starts = [0, *itertools.accumulate(sizes)]
        self._position = 0
        self._number = -1
        self._part: io.BufferedReader | None = None

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Bytes before the next one to be read."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte; beyond the end nothing is read."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._starts[-1]}
        if origin[whence] + offset < 0:
            raise OSError(f"cannot go to byte {origin[whence] + offset}")
        self._position = origin[whence] + offset
        return self._position

    # mypy knows the argument's type by a private name only.
    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        """Fill ``buffer`` from one part; 0 at the end."""
        if self._position >= self._starts[-1]:
            return 0
        # The last part that begins here or before: empty ones are passed over.
        part = self._open(bisect.bisect_right(self._starts, self._position) - 1)
        part.seek(self._position - self._starts[self._number])
        count = part.readinto(buffer)
        self._position += count
        return count

    def close(self) -> None:
        """Close the part that is open."""
        if self._part:
            self._part.close()
        super().close()

    def _open(self, number: int) -> io.BufferedReader:
        if number != self._number or self._part is None:
            if self._part:
                self._part.close()
            self._part = self._paths[number].open("rb")
            self._number = number
        return self._part
