"""Archives in memory: tar and zip files, whole and in pieces."""

import io
import tarfile
import zipfile
from pathlib import Path

WHEN = 1_000_000_000
"""Time of every member."""


def tar(files: dict[str, bytes], mode: str = "w", members=()) -> bytes:
    """Bytes of a tar file; ``members`` are TarInfo without content."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), WHEN
            archive.addfile(info, io.BytesIO(content))
        for member in members:
            archive.addfile(member)
    return stream.getvalue()


def zipped(files: dict[str, bytes], mode=0o100644, date=(2001, 9, 9, 1, 46, 40)) -> bytes:
    """Bytes of a zip file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, date)
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return stream.getvalue()


def pieces(content: bytes, count: int) -> list[bytes]:
    """``content`` cut into ``count`` pieces of about one size."""
    size = -(-len(content) // count)
    return [content[n * size : (n + 1) * size] for n in range(count)]


def read_files(folder: Path) -> dict[str, bytes]:
    """Path below ``folder`` -> content of every file."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
