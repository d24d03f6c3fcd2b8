"""Shards: uncompressed tar files in WebDataset's layout, with a byte-exact index.

A shard holds one field family (mouth crops with audio, noisy audio, features of one encoder) of the
clips that the manifest assigned to it; all stages share keys and shard numbers, so a new encoder or
noise level adds files and rewrites none. Members are sorted, owners and times fixed: the same input
gives the same bytes. As nothing is compressed, a sample can be read by its offset without touching
the rest of the shard, which is what makes exact shuffling and exact resumption cheap.
"""

import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import webdataset

from mavsr.errors import InputError
from mavsr.files import atomic, sha256, write_json
from mavsr.remedies import rebuild_command

Fields = dict[str, bytes]
"""A sample: file extension (such as ``flac`` or ``landmarks.npy``) -> content."""
END_MARK = 2 * tarfile.BLOCKSIZE
"""Zero bytes that end a tar file, which is padded to whole records."""


def write_shard(path: Path, samples: Iterator[tuple[str, Fields]]) -> int:
    """Write (key, fields) pairs, which must arrive sorted by key, to the tar file ``path``.

    Returns:
        The number of samples written. ``path`` appears only when all of them are.

    Raises:
        InputError: a key is out of order, repeated, or contains a dot or slash.
    """
    count, previous = 0, ""
    with (
        atomic(path) as partial,
        partial.open("wb") as stream,
        webdataset.TarWriter(
            stream, encoder=False, mtime=0, user="mavsr", group="mavsr", mode=0o644
        ) as tar,
    ):
        for key, fields in samples:
            if not key > previous or "." in key or "/" in key:
                raise InputError(
                    f"{path}: key {key!r} after {previous!r}; keys must ascend, without '.' or '/'"
                )
            tar.write({"__key__": key, **dict(sorted(fields.items()))})
            count, previous = count + 1, key
    return count


def read_shard(path: Path) -> Iterator[tuple[str, Fields]]:
    """Yield the (key, fields) pairs of a shard in order.

    Raises:
        InputError: the file is missing or damaged.
    """
    key, fields = "", Fields()
    with _opened(path) as tar:
        for member_key, extension, member in _members(tar):
            if member_key != key and fields:
                yield key, fields
                fields = {}
            key = member_key
            content = tar.extractfile(member)
            assert content is not None, f"{path}: {member.name} is not a file"
            fields[extension] = content.read()
    if fields:
        yield key, fields


def _members(tar: tarfile.TarFile) -> Iterator[tuple[str, str, tarfile.TarInfo]]:
    """Key, extension and header of every field, contents not read; TarError for anything else."""
    for member in tar:
        if not member.isfile() or "." not in member.name:
            raise tarfile.TarError(f"{member.name} is not a field of a sample")
        key, extension = member.name.split(".", 1)
        yield key, extension, member


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(size - END_MARK, 0))
            # A file cut between two members would read as a shorter shard.
            if size % tarfile.RECORDSIZE or any(stream.read()):
                raise tarfile.TarError("its end is missing")
        with tarfile.open(path, "r:") as tar:
            yield tar
    except (OSError, tarfile.TarError) as error:
        raise InputError(
            f"shard {path} is missing or damaged ({error}); rebuild it: {rebuild_command(path)}"
        ) from error


@dataclass(frozen=True)
class Extent:
    """Where one field of one sample lies in a shard: byte offset and size of its content."""

    offset: int
    size: int


def extents(path: Path, extension: str) -> dict[str, Extent]:
    """Key -> position of the field ``extension`` in the shard, read from the tar headers alone.

    Raises:
        InputError: the file is missing or damaged.
    """
    with _opened(path) as tar:
        return {
            key: Extent(member.offset_data, member.size)
            for key, found, member in _members(tar)
            if found == extension
        }


def write_index(
    path: Path, shards: list[Path], parameters: dict, table: Path | None = None
) -> None:
    """Write ``index.json`` for the finished ``shards`` of one split.

    Per shard: file name, samples, bytes and SHA-256; for the split: their sums, the ``parameters``
    that made it and, where a ``table`` beside it says what lies where, that table's name, bytes and
    SHA-256. It is written last, so its existence means the split is complete, and it is small, so
    Snakemake compares it by content: consumers depend on it and take the shards as ``ancient``.
    """
    entries = [{"samples": _count(shard), **_identity(shard)} for shard in sorted(shards)]
    write_json(
        path,
        {
            "parameters": parameters,
            "samples": sum(entry["samples"] for entry in entries),
            "bytes": sum(entry["bytes"] for entry in entries),
            "shards": entries,
            **({"table": _identity(table)} if table else {}),
        },
    )


def _count(shard: Path) -> int:
    with _opened(shard) as tar:
        return len({key for key, _, _ in _members(tar)})


def _identity(file: Path) -> dict:
    return {"file": file.name, "bytes": file.stat().st_size, "sha256": sha256(file)}
