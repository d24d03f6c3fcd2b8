"""What MP4 and Matroska consist of, one part after the other; nothing of it is interpreted."""

import math
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_HEADER, _LARGE_HEADER = 8, 16
"""Bytes before the content of a box, with a size of 32 and of 64 bits."""


class Part(NamedTuple):
    """A box of MP4 or an element of Matroska.

    Attributes:
        kind: its name: four letters, or an EBML number of one to four bytes.
        begin: where its content begins in the file, bytes.
        end: where that ends; infinite if it is not stated. The file may be shorter.

    """

    kind: bytes
    begin: int
    end: float


def boxes(file: BinaryIO, begin: int = 0, end: float = math.inf) -> Iterator[Part]:
    """Boxes of MP4 and its like between two places, without those inside (ISO 14496-12, 4.2)."""
    while begin < end:
        file.seek(begin)
        head = file.read(_LARGE_HEADER)
        size, kind, content = int.from_bytes(head[:4], "big"), head[4:8], begin + _HEADER
        if size == 1:
            size, content = int.from_bytes(head[8:], "big"), begin + _LARGE_HEADER
        if len(kind) < 4 or 0 < size < content - begin:
            return
        if size == 0:
            # It goes on to the end of the file, whatever that is.
            yield Part(kind, content, math.inf)
            return
        yield Part(kind, content, begin + size)
        begin += size


def elements(file: BinaryIO, begin: int = 0, end: float = math.inf) -> Iterator[Part]:
    """Elements of Matroska between two places, without those inside (RFC 8794, 6)."""
    while begin < end:
        file.seek(begin)
        head = file.read(12)
        name = _length(head)
        width = _length(head[name:])
        if not name or not width or len(head) < name + width:
            return
        field = int.from_bytes(head[name : name + width], "big")
        most = (1 << 7 * width) - 1
        content = begin + name + width
        if field & most == most:
            yield Part(head[:name], content, math.inf)
            return
        yield Part(head[:name], content, content + (field & most))
        begin = content + (field & most)


def _length(head: bytes) -> int:
    """Bytes of the number that ``head`` begins with; 0 if it does with none."""
    return 9 - head[0].bit_length() if head[:1].strip(b"\0") else 0
