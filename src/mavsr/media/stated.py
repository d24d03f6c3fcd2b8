"""The size that a file should have, as its container states it."""

from pathlib import Path
from typing import BinaryIO

_HEAD = 4096
"""First bytes of a file, in which Matroska and AVI state its size."""
_HOLDING = {b"mdat", b"moof", b"moov"}
"""Boxes of MP4 without the end of which something is missing; the others are of no account."""
_FIRST = {b"ftyp", b"styp", b"free", b"skip", b"wide"} | _HOLDING
"""Boxes that an MP4 file may begin with."""
_HEADER, _LARGE_HEADER = 8, 16
"""Bytes before the content of a box, with a size of 32 and of 64 bits."""


def stated_bytes(path: Path) -> int:
    """Size of a whole Matroska, WebM, AVI or MP4 file as it states it; 0 if it does not.

    MP4 and its like (fragments, MOV, 3GP) state a size for each of their boxes; where these hold
    less than the file, what follows is not looked at.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if head[4:8] in _FIRST:
            return _end_of_boxes(file)
    if head.startswith(b"RIFF"):
        return 8 + int.from_bytes(head[4:8], "little")
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        size, start = _ebml_size(head, 4)
        segment = start + size
        if head[segment : segment + 4] == b"\x18\x53\x80\x67":
            size, start = _ebml_size(head, segment + 4)
            return start + size if size else 0
    return 0


def _ebml_size(head: bytes, place: int) -> tuple[int, int]:
    """Size of the element of which ``place`` is behind its name, 0 if unknown; where it begins."""
    length = 9 - head[place].bit_length() if head[place : place + 1].strip(b"\0") else 8
    field = int.from_bytes(head[place : place + length], "big")
    most = (1 << 7 * length) - 1
    return (0 if field & most == most else field & most), place + length


def _end_of_boxes(file: BinaryIO) -> int:
    """Where the last of the boxes that matter ends, one after the other (ISO 14496-12, 4.2)."""
    place = end = 0
    while True:
        file.seek(place)
        header = file.read(_LARGE_HEADER)
        size, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if size == 1:
            size = int.from_bytes(header[8:], "big")
        # 0 is a box that goes on to the end of the file, whatever that is.
        if len(kind) < 4 or size < _HEADER:
            return end
        place += size
        if kind in _HOLDING:
            end = place
