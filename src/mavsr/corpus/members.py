"""Address a file within a tar archive as if the archive were a folder: ``train-000.tar/a.mp4``.

So a manifest names any clip by a path, and nothing is unpacked for good.
"""

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path, PurePosixPath

from mavsr.corpus.tar_ends import Header, refuse_more
from mavsr.errors import InputError


def address(archive: Path, name: str) -> Path:
    """Path of an archive's member, which archives may also call ``./a.mp4`` or ``/a.mp4``."""
    return archive.joinpath(*(part for part in PurePosixPath(name).parts if part != "/"))


@contextmanager
def as_file(path: Path) -> Iterator[Path]:
    """A file to read: ``path`` itself, or a temporary copy if ``path`` names an archive's member.

    Raises:
        InputError: the archive is damaged or has no such member, or what the block says of the
            copy, with the copy's name replaced.
    """
    archive = next((parent for parent in path.parents if parent.is_file()), None)
    if archive is None:
        yield path
        return
    content = _read(archive, path)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, path.name)
        copy.write_bytes(content)
        try:
            yield copy
        except InputError as error:
            raise InputError(str(error).replace(str(copy), str(path))) from error


def _read(archive: Path, path: Path) -> bytes:
    status = archive.stat()
    places = _places(archive, status.st_size, status.st_mtime_ns)
    if path not in places:
        raise InputError(f"{path} is missing")
    offset, size = places[path]
    with archive.open("rb") as file:
        file.seek(offset)
        content = file.read(size)
    if len(content) < size:
        raise InputError(f"{archive} is incomplete; copy it anew")
    return content


@lru_cache(maxsize=64)
def _places(archive: Path, _size: int, _time: int) -> dict[Path, tuple[int, int]]:
    """Address -> offset and size of each member, from the headers; of a damaged archive's first."""
    places: dict[Path, tuple[int, int]] = {}
    try:
        with opened(archive) as tar:
            for member in tar:
                if member.isfile():
                    places[address(archive, member.name)] = member.offset_data, member.size
    except InputError:
        if not places:
            raise
    return places


@contextmanager
def opened(archive: Path) -> Iterator[tarfile.TarFile]:
    """An archive of which all members are to be read.

    Raises:
        InputError: it is missing, damaged or compressed, or something follows its end. The members
            before a damage are read.
    """
    try:
        with tarfile.open(archive, "r:", tarinfo=Header) as tar:
            yield tar
            refuse_more(tar)
    except (OSError, tarfile.TarError) as error:
        raise InputError(
            f"{archive} cannot be read as an uncompressed tar archive ({error})"
        ) from error
