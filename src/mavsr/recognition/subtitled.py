"""A video with subtitles: drawn into the picture, or as a track that players can switch off."""

import heapq
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import av
import matplotlib
import numpy as np
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont

from mavsr.errors import InputError
from mavsr.files import atomic
from mavsr.media import FRAME_RATE, video_frames
from mavsr.media.opening import OpenFile, ffmpeg_name, opened
from mavsr.recognition.cues import Cue

_SHARE = 0.05
"""Height of a letter, as a share of the picture's height."""

_EDGE = 0.06
"""How far the last line is from the bottom, likewise."""

_KINDS = {
    ".mp4": ("mp4", "mov_text"),
    ".m4v": ("mp4", "mov_text"),
    ".mov": ("mov", "mov_text"),
    ".mkv": ("matroska", "subrip"),
}
"""Suffix -> FFmpeg's container, and how it stores subtitles."""

_HEADER = b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name\nStyle: Default\n"
"""FFmpeg's encoders of text subtitles ask for a header of this kind before they open."""

_MILLISECOND = Fraction(1, 1000)

_FONT = str(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"))
"""DejaVu Sans, which comes with matplotlib and has Greek and Cyrillic letters too."""


def burn(video: Path, cues: Sequence[Cue], output: Path) -> None:
    """Draw subtitles into the picture; the audio is copied.

    The picture becomes H.264 at 25 frames per second, turned and shaped as a player shows it. Boxes
    stand for letters that the font lacks, such as Chinese ones, and a warning says so.

    Args:
        video: with a video track.
        cues: in order.
        output: the file to write: .mp4, .m4v, .mov or .mkv.

    Raises:
        InputError: the video cannot be read, or the container does not take its audio.

    """
    _warn_of_boxes(cues)
    with opened(video, "video") as file, _written(output) as target:
        copies = {} if file.audio is None else _copies([file.audio], target, output)
        stream = target.add_stream("libx264", rate=FRAME_RATE, options={"preset": "veryfast"})
        frames = (_even(frame) for frame in _drawn(video_frames(video), cues))
        first = next(frames)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        encoded = _encoded(stream, chain([first], frames))
        _write(target, [encoded, _packets(file, copies, -file.origin)])


def mux(video: Path, cues: Sequence[Cue], output: Path) -> None:
    """Add subtitles as a track; picture and audio are copied.

    Args:
        video: with a video track.
        cues: in order.
        output: the file to write: .mp4, .m4v, .mov or .mkv.

    Raises:
        InputError: the video cannot be read, or the container does not take its tracks.

    """
    with opened(video, "video") as file, _written(output) as target:
        copies = _copies(file.tracks, target, output)
        text = target.add_stream(_KINDS[output.suffix.lower()][1])
        text.codec_context.subtitle_header = _HEADER
        text.time_base = text.codec_context.time_base = _MILLISECOND
        _write(target, [_packets(file, copies), _cue_packets(cues, text, file.origin)])


def check_container(path: Path) -> None:
    """Raise InputError if no video is written under such a name."""
    if path.suffix.lower() not in _KINDS:
        raise InputError(f"{path}: a video is written as {', '.join(_KINDS)}; choose one of these")


@contextmanager
def _written(path: Path) -> Iterator[Any]:
    """A container to write to; the file appears when it is complete."""
    check_container(path)
    kind, _ = _KINDS[path.suffix.lower()]
    with atomic(path) as partial, av.open(ffmpeg_name(partial), "w", format=kind) as target:
        yield target


def _copies(tracks: Iterable[Any], target: Any, output: Path) -> dict[int, Any]:
    """Number of a track in the source -> the track that it is copied to."""
    try:
        return {track.index: target.add_stream_from_template(track) for track in tracks}
    except (ValueError, av.FFmpegError) as error:
        raise InputError(
            f"{output.suffix} does not take a track of this video ({error}); write to .mkv"
        ) from error


def _write(target: Any, sources: Sequence[Iterator[av.Packet]]) -> None:
    """Write packets of several tracks in the order of time."""
    target.start_encoding()
    for packet in heapq.merge(*sources, key=_seconds):
        target.mux(packet)


def _seconds(packet: av.Packet) -> float:
    stamp = packet.pts if packet.dts is None else packet.dts
    return float((stamp or 0) * (packet.time_base or 0))


def _packets(
    file: OpenFile, copies: Mapping[int, Any], shift_s: float = 0.0
) -> Iterator[av.Packet]:
    """Packets of the tracks that are copied, later by ``shift_s``."""
    tracks = [track for track in file.tracks if track.index in copies]
    for packet in file.container.demux(tracks) if tracks else ():
        if packet.dts is None:
            continue  # the end, or of a broken clock
        ticks = round(shift_s / float(packet.time_base or 1))
        packet.dts += ticks
        packet.pts = None if packet.pts is None else packet.pts + ticks
        packet.stream = copies[packet.stream.index]
        yield packet


def _cue_packets(cues: Sequence[Cue], track: Any, origin: float) -> Iterator[av.Packet]:
    for cue in cues:
        text = cue.text.encode()
        packet = av.Packet(
            len(text).to_bytes(2, "big") + text if track.name == "mov_text" else text
        )
        packet.stream, packet.time_base = track, _MILLISECOND
        packet.pts = packet.dts = round((origin + cue.start) * 1000)
        packet.duration = max(1, round((cue.end - cue.start) * 1000))
        yield packet


def _even(frame: np.ndarray) -> np.ndarray:
    """A frame (H, W, 3) without its last row or column if they are odd: H.264 halves colours."""
    return np.ascontiguousarray(frame[: frame.shape[0] & ~1, : frame.shape[1] & ~1])


def _encoded(stream: Any, frames: Iterable[np.ndarray]) -> Iterator[av.Packet]:
    for frame in frames:
        yield from stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24"))
    yield from stream.encode(None)


def _drawn(frames: Iterable[np.ndarray], cues: Sequence[Cue]) -> Iterator[np.ndarray]:
    """Frames with the subtitle of their time."""
    waiting = list(reversed(cues))
    for number, frame in enumerate(frames):
        time = number / FRAME_RATE
        while waiting and waiting[-1].end <= time:
            waiting.pop()
        shown = waiting and waiting[-1].start <= time
        yield draw(frame, waiting[-1].text) if shown else frame


def draw(frame: np.ndarray, text: str) -> np.ndarray:
    """A frame, RGB uint8 (H, W, 3), with white text, outlined in black, at its bottom."""
    height, width = frame.shape[:2]
    image = Image.fromarray(frame)
    brush = ImageDraw.Draw(image)
    size = max(8.0, _SHARE * height)
    font = _font(size)
    longest = max(brush.textlength(line, font=font) for line in text.split("\n"))
    if longest > 0.96 * width:
        font = _font(size * 0.96 * width / longest)
    brush.multiline_text(
        (width / 2, height * (1 - _EDGE)),
        text,
        "white",
        font,
        anchor="md",
        align="center",
        stroke_width=max(1, round(size / 12)),
        stroke_fill="black",
    )
    return np.asarray(image)


def _warn_of_boxes(cues: Sequence[Cue]) -> None:
    known = FT2Font(_FONT).get_charmap()
    signs = {sign for cue in cues for sign in cue.text if not sign.isspace()}
    if lacking := sorted(sign for sign in signs if ord(sign) not in known):
        logging.warning(
            "the font of drawn subtitles has no %s, so boxes stand for %d of their letters; give "
            "--mux for a track of them, which players draw in a font of their own",
            lacking[0],
            len(lacking),
        )


@lru_cache(maxsize=4)
def _font(size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONT, size)
