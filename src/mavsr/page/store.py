"""Uploads, in a folder that is there as long as the server: each under a name nobody can guess."""

import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType

from mavsr.errors import InputError

MOST_BYTES = 512 * 2**20
"""Largest upload."""

MOST_FILES = 12
"""Recordings that are kept; the oldest goes when another comes."""

_SUFFIXES = 12
"""Longest suffix that is kept of a file's name: some readers look at it."""


class Store:
    """A temporary folder, which its owner alone may read; use it as a context.

    Args:
        most_bytes: largest upload.

    """

    def __init__(self, most_bytes: int = MOST_BYTES):
        self.most_bytes = most_bytes
        self._folder = tempfile.TemporaryDirectory(prefix="mavsr-page-", ignore_cleanup_errors=True)

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()

    @property
    def folder(self) -> Path:
        """Where everything lies."""
        return Path(self._folder.name)

    def place(self) -> Path:
        """A new folder for one recording; its name is a secret."""
        path = self.folder / secrets.token_urlsafe(18)
        path.mkdir()
        return path

    def remove(self, token: str) -> None:
        """Remove a recording's folder."""
        shutil.rmtree(self.folder / token, ignore_errors=True)

    async def receive(self, chunks: AsyncIterator[bytes], name: str) -> Path:
        """Write an upload as it comes; nothing of it is left if it fails.

        Args:
            chunks: its bytes.
            name: what the file is called; only its suffix is used.

        Raises:
            InputError: it is larger than is taken, or empty.
            OSError: the disk is full.

        """
        place = self.place()
        path = place / f"upload{_suffix(name)}"
        size = 0
        try:
            with path.open("wb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    self.check_size(size)
                    file.write(chunk)
            if not size:
                raise InputError("the file is empty")
        except BaseException:
            self.remove(place.name)
            raise
        return path

    def check_size(self, size: int) -> None:
        """Raise InputError if so many bytes are more than is taken."""
        if size > self.most_bytes:
            raise InputError(
                f"the file is larger than {self.most_bytes // 2**20} MB, which this page takes at "
                "most; `mavsr transcribe` takes files of any size"
            )


def _suffix(name: str) -> str:
    suffix = Path(name).suffix.lower()
    plain = suffix[1:].isascii() and suffix[1:].isalnum()
    return suffix if plain and len(suffix) <= _SUFFIXES else ""
