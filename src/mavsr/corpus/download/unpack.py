"""Unpack tar and zip archives without trusting them.

Only files and folders are ever made, at paths checked here, in a folder that nothing else writes
to; a link is replaced by a copy of the archive's member that it names. So no member can end up
elsewhere, whatever the archive says.
"""

import calendar
import io
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from mavsr.command import progress
from mavsr.corpus.download.joined import JoinedParts
from mavsr.corpus.tar_ends import Header, refuse_more
from mavsr.errors import InputError

_BUFFER = 1 << 20
_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError)


@dataclass(frozen=True)
class Member:
    """A file in an archive.

    Attributes:
        name: its path in there.
        size: bytes.
        modified: when it was changed last, seconds since 1970.
        open: gives its content.

    """

    name: str
    size: int
    modified: float
    open: Callable[[], IO[bytes]]


def unpack(parts: Sequence[Path], target: Path, title: str) -> tuple[int, int]:
    """Unpack the archive that ``parts`` make in this order into the new folder ``target``.

    Files get their time from the archive, so unpacking again gives the same tree.

    Args:
        parts: the archive's pieces: tar (plain, gzip, bzip2 or xz) or zip.
        target: must not exist; left behind half-full if this fails.
        title: what messages call the archive.

    Returns:
        Number of files and of their bytes.

    Raises:
        InputError: it is no archive, or damaged, or a member would not lie in ``target``.

    """
    target.mkdir(parents=True)
    files = size = 0
    with io.BufferedReader(JoinedParts(parts), _BUFFER) as stream:
        try:
            for member in progress(_members(stream, title), None, f"unpacking {title}"):
                _write(member, target / _safe(member.name, title), title)
                files, size = files + 1, size + member.size
        # zipfile has no error of its own for methods it lacks, bz2 none for wrong bytes.
        except (*_DAMAGED, NotImplementedError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise InputError(_complaint(title, str(error), parts)) from error
    if not files:
        raise InputError(_complaint(title, "it holds no file", parts))
    return files, size


def _complaint(title: str, why: str, parts: Sequence[Path]) -> str:
    return (
        f"archive {title} cannot be unpacked ({why}). Check that the config lists all of its "
        f"parts, in order; to fetch it anew, remove {', '.join(map(str, parts))} and run again"
    )


def _members(stream: IO[bytes], title: str) -> Iterator[Member]:
    head = stream.read(16)
    stream.seek(0)
    return _zip_members(stream, title) if head[:2] == b"PK" else _tar_members(stream, head, title)


def _tar_members(stream: IO[bytes], head: bytes, title: str) -> Iterator[Member]:
    with _open_tar(stream, head) as tar:
        for member in tar:
            if member.isdir():
                _safe(member.name, title)
                continue
            if not (member.isfile() or member.islnk() or member.issym()):
                raise InputError(
                    f"archive {title}: {member.name!r} is a device or a pipe; do not trust it"
                )
            content = _find(tar, member, title)
            yield Member(member.name, content.size, content.mtime, _opener(tar, content))
        refuse_more(tar)


def _open_tar(stream: IO[bytes], head: bytes) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=stream, mode="r:*", tarinfo=Header)
    except tarfile.ReadError:
        raise tarfile.ReadError(f"no tar or zip file begins with {head!r}") from None


def _find(tar: tarfile.TarFile, member: tarfile.TarInfo, title: str) -> tarfile.TarInfo:
    """The file that a member is, or that it links to."""
    seen = 0
    while not member.isfile():
        target = PurePosixPath(member.linkname)
        if member.issym():
            target = PurePosixPath(os.path.normpath(PurePosixPath(member.name).parent / target))
        try:
            found = tar.getmember(str(target))
        except KeyError:
            found = None
        seen += 1
        if found is None or found.isdir() or seen > 8:
            raise InputError(
                f"archive {title}: {member.name!r} is a link to {member.linkname!r}, which is no "
                "file of the archive; do not trust it"
            )
        member = found
    return member


def _opener(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], IO[bytes]]:
    def opened() -> IO[bytes]:
        content = tar.extractfile(member)
        assert content is not None, f"{member.name} is a file"
        return content

    return opened


def _zip_members(stream: IO[bytes], title: str) -> Iterator[Member]:
    with zipfile.ZipFile(stream) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise InputError(
                    f"archive {title}: {info.filename!r} is a link or a device; do not trust it"
                )
            if info.flag_bits & 1:
                raise InputError(
                    f"archive {title}: {info.filename!r} is encrypted; decrypt it yourself and set "
                    "the corpus' root to the tree"
                )
            if info.is_dir():
                _safe(info.filename, title)
                continue
            year, month, *rest = info.date_time
            # Where a program knew no date, the month is 0; four bits hold up to 15.
            modified = calendar.timegm((year, min(max(month, 1), 12), *rest))
            yield Member(info.filename, info.file_size, modified, _zip_opener(archive, info))


def _zip_opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(info)


def _safe(name: str, title: str) -> PurePosixPath:
    """A member's path if it lies below the target."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        raise InputError(f"archive {title}: {name!r} would lie outside the target; do not trust it")
    return path


def _write(member: Member, path: Path, title: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("wb")
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise InputError(f"archive {title}: {member.name!r} is a file and a folder") from None
    with stream, member.open() as content:
        shutil.copyfileobj(content, stream, _BUFFER)
        if stream.tell() != member.size:
            raise tarfile.ReadError(f"{member.name} is cut off")
    os.utime(path, (member.modified, member.modified))
