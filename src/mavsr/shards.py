"""Shards: uncompressed tar files in WebDataset's layout, with a byte-exact index.

A shard holds one field family (mouth crops with audio, noisy audio, features of one encoder) of the
clips that the manifest assigned to it; all stages share keys and shard numbers, so a new encoder or
noise level adds files and rewrites none. Members are sorted, owners and times fixed: the same input
gives the same bytes. As nothing is compressed, a sample can be read by its offset without touching
the rest of the shard, which is what makes exact shuffling and exact resumption cheap.

The last member, ``__checksums__``, lists every other one with a checksum of its content. A tar file
has none of its own: a block of zeros in its middle ends it for every reader, as if the samples that
follow had never been, and a changed byte in a content is not seen at all. WebDataset passes over
members of such names.
"""

import hashlib
import json
import os
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from mavsr.errors import InputError
from mavsr.files import atomic, sha256
from mavsr.records import write_record
from mavsr.remedies import named_clips, rebuild_command

Fields = dict[str, bytes]
"""A sample: file extension (such as ``flac`` or ``landmarks.npy``) -> content."""
CHECKSUMS = "__checksums__"
"""Name of the last member: a JSON object, name of a member -> CRC-32 of its content."""
OWNER, MODE = "mavsr", 0o644


@dataclass(frozen=True)
class Extent:
    """Where one field of one sample lies in a shard: byte offset, size and CRC-32 of its content.

    The checksum is None in a shard that was made before there were any.
    """

    offset: int
    size: int
    crc32: int | None


Contents = dict[str, dict[str, Extent]]
"""Key -> extension -> position, in the order of the shard."""


def write_shard(path: Path | str, samples: Iterator[tuple[str, Fields]]) -> int:
    """Write (key, fields) pairs, which must arrive sorted by key, to the tar file ``path``.

    Returns:
        The number of samples written. ``path`` appears only when all of them are.

    Raises:
        InputError: a key is out of order, repeated, or contains a dot or slash.
    """
    count = 0
    with shard_writer(path) as add:
        for key, fields in samples:
            add(key, fields)
            count += 1
    return count


@contextmanager
def shard_writer(path: Path | str) -> Iterator[Callable[[str, Fields], None]]:
    """Write a shard sample by sample, for what fills several at once.

    Yields:
        a function that adds a sample; it raises InputError where a key is out of order, repeated,
        or contains a dot or slash. ``path`` appears at the end, if no error ends the block.
    """
    import webdataset  # brings torch, a second and 0.5 GB that readers need not wait for

    path = Path(path)
    previous = ""
    sums: dict[str, int] = {}
    with (
        atomic(path) as partial,
        partial.open("wb") as stream,
        webdataset.TarWriter(
            stream, encoder=False, mtime=0, user=OWNER, group=OWNER, mode=MODE
        ) as tar,
    ):

        def add(key: str, fields: Fields) -> None:
            nonlocal previous, sums
            if not key > previous or "." in key or "/" in key:
                raise InputError(
                    f"{path}: key {key!r} after {previous!r}; keys must ascend, without '.' or '/'"
                )
            tar.write({"__key__": key, **dict(sorted(fields.items()))})
            sums |= {f"{key}.{name}": zlib.crc32(content) for name, content in fields.items()}
            previous = key

        yield add
        add_checksums(tar.tarstream, sums)


def add_checksums(tar: tarfile.TarFile, sums: dict[str, int]) -> None:
    """Write the last member of a shard."""
    content = json.dumps(sums, sort_keys=True, separators=(",", ":")).encode()
    member = tarfile.TarInfo(CHECKSUMS)
    member.size, member.mode, member.uname, member.gname = len(content), MODE, OWNER, OWNER
    tar.addfile(member, BytesIO(content))


def read_shard(
    path: Path | str, expected: Iterable[str] | None = None
) -> Iterator[tuple[str, Fields]]:
    """Yield the (key, fields) pairs of a shard in order.

    Args:
        path: the shard.
        expected: keys of the samples that must be in it, and no others; not asked if not given.

    Raises:
        InputError: the file is missing, damaged, lacks a sample or has one too many.
    """
    path = Path(path)
    found = contents(path)
    if expected is not None:
        check_keys(path, found, expected)
    with path.open("rb") as file:
        for key, fields in found.items():
            yield (
                key,
                {name: read_field(file, path, key, name, e) for name, e in fields.items()},
            )


def read_field(file: BinaryIO, path: Path, key: str, name: str, extent: Extent) -> bytes:
    """Content of one field of a sample, from the open shard ``file`` at ``path``.

    Reads carry their own position, so one open file can serve several threads.

    Raises:
        InputError: the content is not what was written.
    """
    content = os.pread(file.fileno(), extent.size, extent.offset)
    if zlib.crc32(content) != extent.crc32:
        raise _changed(path, key, name)
    return content


def _changed(path: Path, key: str, name: str) -> InputError:
    return damaged(path, f"the content of {key}.{name} is not what was written")


def check_keys(path: Path, found: Iterable[str], expected: Iterable[str]) -> None:
    """Raise InputError that names the samples that ``path`` lacks, or has and should not."""
    has, wanted = set(found), set(expected)
    lost, strange = named_clips("it lacks", wanted - has), named_clips("it has", has - wanted)
    if lost or strange:
        raise damaged(path, "; ".join([*lost, *strange]))


def contents(path: Path, sealed: bool = True) -> Contents:
    """Where every field of every sample lies, from the tar headers and the list of checksums.

    Args:
        path: the shard.
        sealed: whether a shard without checksums is refused.

    Raises:
        InputError: the file is missing, damaged, or made before shards had checksums.
    """
    with _damage_named(path), tarfile.open(path, "r:") as tar:
        members = list(tar)
        # The file ends where the archive does: whole records, nothing but zeros after the last
        # member. More zeros than that, and a piece of it was overwritten.
        records = -(-(tar.offset + 2 * tarfile.BLOCKSIZE) // tarfile.RECORDSIZE)
        if path.stat().st_size != records * tarfile.RECORDSIZE:
            raise tarfile.TarError("its headers end before it does, or its end is missing")
        listed = members[-1:] if members and members[-1].name == CHECKSUMS else []
        sums: dict[str, int] = {}
        with path.open("rb") as file:
            file.seek(tar.offset)
            if any(file.read()):
                raise tarfile.TarError("a block between its members is not readable")
            for member in listed:
                file.seek(member.offset_data)
                sums = json.loads(file.read(member.size))
        found = Contents()
        for member in members[: len(members) - len(listed)]:
            if not member.isfile() or "." not in member.name:
                raise tarfile.TarError(f"{member.name} is not a field of a sample")
            key, extension = member.name.split(".", 1)
            extent = Extent(member.offset_data, member.size, sums.get(member.name))
            found.setdefault(key, {})[extension] = extent
        if listed and sums.keys() != {
            f"{k}.{name}" for k, names in found.items() for name in names
        }:
            raise tarfile.TarError("its members are not those that were written")
    if sealed and not listed:
        raise InputError(
            f"shard {path} was made before shards carried checksums, so nobody can tell whether "
            f"it is whole. Look at it, then `mavsr seal {path}`; or rebuild it: "
            f"{rebuild_command(path)}"
        )
    return found


def damaged(path: Path, reason: str) -> InputError:
    """The error about a shard that is missing or damaged."""
    return InputError(
        f"shard {path} is missing or damaged ({reason}); rebuild it: {rebuild_command(path)}"
    )


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    # tarfile and json promise no kind of error for damaged headers.
    except Exception as error:
        raise damaged(path, " ".join(str(error).split())) from error


def extents(path: Path, extension: str) -> dict[str, Extent]:
    """Key -> position of the field ``extension`` in the shard, contents not read.

    Raises:
        InputError: the file is missing or damaged.
    """
    return {key: fields[extension] for key, fields in contents(path).items() if extension in fields}


def write_index(
    path: Path, shards: list[Path], parameters: dict, table: Path | None = None
) -> None:
    """Write ``index.json`` for the finished ``shards`` of one split.

    Per shard: file name, samples, bytes and SHA-256; for the split: their sums, the ``parameters``
    that made it and, where a ``table`` beside it says what lies where, that table's name, bytes and
    SHA-256. It is written last, so its existence means the split is complete, and it is small, so
    Snakemake compares it by content: consumers depend on it and take the shards as ``ancient``.
    """
    entries = [_entry(shard) for shard in sorted(shards)]
    write_record(
        path,
        {
            "parameters": parameters,
            "samples": sum(entry["samples"] for entry in entries),
            "bytes": sum(entry["bytes"] for entry in entries),
            "shards": entries,
            **({"table": identity(table)} if table else {}),
        },
    )


def _entry(shard: Path) -> dict:
    """What an index says of a shard, whose contents are read once, to be hashed and compared."""
    found, digest = contents(shard), hashlib.sha256()
    with shard.open("rb") as file:
        for key, fields in found.items():
            for name, extent in fields.items():
                digest.update(file.read(extent.offset - file.tell()))
                content = file.read(extent.size)
                padding = file.read(-extent.size % tarfile.BLOCKSIZE)
                digest.update(content + padding)
                if zlib.crc32(content) != extent.crc32 or any(padding):
                    raise _changed(shard, key, name)
        digest.update(file.read())
    return {
        "samples": len(found),
        **{"file": shard.name, "bytes": shard.stat().st_size, "sha256": digest.hexdigest()},
    }


def identity(file: Path) -> dict:
    """Name, bytes and SHA-256 of a file, as an index has them."""
    return {"file": file.name, "bytes": file.stat().st_size, "sha256": sha256(file)}
