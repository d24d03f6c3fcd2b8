"""The size that a file should have, as its container states it."""

import math
from pathlib import Path
from typing import BinaryIO

from mavsr.media.boxes import boxes, elements

EBML, SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
"""Elements that a Matroska file consists of."""
_HOLDING = {b"mdat", b"moof", b"moov"}
"""Boxes of MP4 without the end of which something is missing; the others are of no account."""
MP4_BEGINS = {b"ftyp", b"styp", b"free", b"skip", b"wide"} | _HOLDING
"""Boxes that an MP4 file may begin with."""


def stated_bytes(file: Path | BinaryIO) -> int:
    """Size of a whole Matroska, WebM, AVI or MP4 file as it states it; 0 if it does not.

    MP4 and its like (fragments, MOV, 3GP) state a size for each of their boxes; where these hold
    less than the file, what follows is not looked at.

    Args:
        file: its path, or an open file that can be searched.
    """
    if isinstance(file, Path):
        with file.open("rb") as opened:
            return stated_bytes(opened)
    file.seek(0)
    head = file.read(8)
    if head.startswith(b"RIFF"):
        return 8 + int.from_bytes(head[4:8], "little")
    if head[4:8] in MP4_BEGINS:
        ends = [part.end for part in boxes(file) if part.kind in _HOLDING]
    elif head.startswith(EBML):
        ends = [part.end for part in elements(file) if part.kind == SEGMENT]
    else:
        return 0
    return int(max((end for end in ends if end < math.inf), default=0))
