"""The part of a picture that a container asks players to show.

FFmpeg reads it too, but PyAV has no way to ask for it.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mavsr.media.boxes import Part, boxes, elements
from mavsr.media.stated import EBML, MP4_BEGINS, SEGMENT

_TRACKS, _CLUSTER, _TRACK, _TYPE = b"\x16\x54\xae\x6b", b"\x1f\x43\xb6\x75", b"\xae", b"\x83"
_VIDEO, _IS_VIDEO = b"\xe0", 1
_CROPS = (b"\x54\xcc", b"\x54\xbb", b"\x54\xdd", b"\x54\xaa")
"""Matroska's PixelCropLeft, ...Top, ...Right, ...Bottom (RFC 9559, 5.1.4.1.28.13)."""
_SIZE_AT, _BOXES_AT = 24, 78
"""Where an entry of MP4 that describes pictures has their size, and where its boxes begin."""


class Crop(NamedTuple):
    """How much of the stored picture is hidden at each border, pixels."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0


def crop_of(path: Path, number: int) -> Crop:
    """What a container hides of the pictures of its ``number``-th video track, counted from 0."""
    with path.open("rb") as file:
        head = file.read(8)
        if head.startswith(EBML):
            crops = _of_matroska(file)
        elif head[4:8] in MP4_BEGINS:
            crops = _of_mp4(file)
        else:
            return Crop()
        return next((crop for place, crop in enumerate(crops) if place == number), Crop())


def _of_matroska(file: BinaryIO) -> Iterator[Crop]:
    """What each video track says, in their order."""
    for segment in elements(file):
        if segment.kind != SEGMENT:
            continue
        for part in elements(file, segment.begin, segment.end):
            if part.kind == _CLUSTER:
                return
            for track in _inside(file, part, _TRACKS, _TRACK):
                fields = list(elements(file, track.begin, track.end))
                kinds = [_number(file, field) for field in fields if field.kind == _TYPE]
                if kinds == [_IS_VIDEO]:
                    said = {
                        inner.kind: _number(file, inner)
                        for field in fields
                        if field.kind == _VIDEO
                        for inner in elements(file, field.begin, field.end)
                        if inner.kind in _CROPS
                    }
                    yield Crop(*(said.get(name, 0) for name in _CROPS))


def _inside(file: BinaryIO, part: Part, outer: bytes, inner: bytes) -> Iterator[Part]:
    if part.kind == outer:
        for found in elements(file, part.begin, part.end):
            if found.kind == inner:
                yield found


def _number(file: BinaryIO, part: Part) -> int:
    file.seek(part.begin)
    return int.from_bytes(file.read(min(8, int(part.end - part.begin))), "big")


def _of_mp4(file: BinaryIO) -> Iterator[Crop]:
    """What each video track says, in their order."""
    for track in _path(file, [b"moov", b"trak"]):
        for media in _path(file, [b"mdia"], track):
            for handler in _path(file, [b"hdlr"], media):
                file.seek(handler.begin + 8)
                if file.read(4) == b"vide":
                    tables = _path(file, [b"minf", b"stbl", b"stsd"], media)
                    yield next((_of_entry(file, table) for table in tables), Crop())


def _path(file: BinaryIO, kinds: list[bytes], within: Part | None = None) -> Iterator[Part]:
    """Boxes that lie in each other: those of the last kind."""
    for part in boxes(file, within.begin, within.end) if within else boxes(file):
        if part.kind == kinds[0]:
            if len(kinds) > 1:
                yield from _path(file, kinds[1:], part)
            else:
                yield part


def _of_entry(file: BinaryIO, table: Part) -> Crop:
    """The clean aperture of a table's first description of pictures (ISO 14496-12, 12.1.4)."""
    entry = next(boxes(file, table.begin + 8, table.end), None)
    if entry is None:
        return Crop()
    file.seek(entry.begin + _SIZE_AT)
    size = [int.from_bytes(file.read(2), "big") for _ in range(2)]
    for part in boxes(file, entry.begin + _BOXES_AT, entry.end):
        if part.kind == b"clap":
            file.seek(part.begin)
            numbers = [int.from_bytes(file.read(4), "big", signed=True) for _ in range(8)]
            if 0 in numbers[1::2]:
                return Crop()
            width, height, right, down = (
                Fraction(*numbers[place : place + 2]) for place in range(0, 8, 2)
            )
            left, top = (size[0] - width) / 2 + right, (size[1] - height) / 2 + down
            hidden = left, top, size[0] - width - left, size[1] - height - top
            return Crop(*map(round, hidden))
    return Crop()
