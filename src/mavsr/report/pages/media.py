"""Crops, audio and video of a clip as parts of a page: nothing lies beside it."""

import base64
import io
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from mavsr.errors import InputError
from mavsr.media import FRAME_RATE, SAMPLE_RATE, decode_video
from mavsr.shards import contents, read_field

STRIP_FRAMES = 10
"""Crops of a strip, evenly over the clip."""
HIGHEST = 240
"""Lines that a video on a page has at most."""
_AUDIO_FRAME = 1024
"""Samples in a frame of AAC."""


class Clips:
    """Fields of clips in the shards of a split, read when asked for.

    Args:
        shards: of one field family, such as ``results/mouths/lrs3/test/*.tar``.
    """

    def __init__(self, shards: Sequence[Path]) -> None:
        self._places = {
            key: (path, found) for path in shards for key, found in contents(path).items()
        }

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def field(self, key: str, name: str) -> bytes:
        """Content of a field of a clip, such as ``flac``.

        Raises:
            InputError: no shard holds it, or it is damaged.
        """
        path, found = self._places.get(key, (None, {}))
        if path is None or name not in found:
            raise InputError(f"no shard holds {key}.{name}; make the crops anew (docs/reruns.md)")
        with path.open("rb") as file:
            return read_field(file, path, key, name, found[name])


def data_url(content: bytes, kind: str) -> str:
    """A file as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def crop_strip(crops: bytes) -> str:
    """Crops of a clip side by side, first to last, as the address of a JPEG picture.

    Args:
        crops: the field ``mkv`` of a shard.
    """
    frames = decode_video(crops)
    chosen = np.linspace(0, len(frames) - 1, min(STRIP_FRAMES, len(frames))).round().astype(int)
    picture = np.concatenate(list(frames[chosen]), axis=1)
    return data_url(_jpeg(picture), "image/jpeg")


def _jpeg(picture: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def player_video(frames: Iterable[np.ndarray], audio: np.ndarray | None = None) -> str:
    """Frames, and audio if there is any, as the address of an MP4 file that browsers play.

    Args:
        frames: RGB uint8 (H, W, 3) at 25 per second; those higher than :data:`HIGHEST` are scaled.
        audio: float32 (N,) at 16 kHz.
    """
    buffer, waiting = io.BytesIO(), iter(frames)
    first = next(waiting)
    factor = min(1.0, HIGHEST / first.shape[0])
    height, width = (max(2, round(side * factor) // 2 * 2) for side in first.shape[:2])
    # Threads would make other bytes on every run.
    with av.open(buffer, "w", format="mp4", container_options={"fflags": "+bitexact"}) as file:
        options = {"crf": "26", "preset": "veryfast", "x264-params": "no-mbtree=1", "threads": "1"}
        pictures = file.add_stream("libx264", rate=FRAME_RATE, options=options)
        pictures.width, pictures.height, pictures.pix_fmt = width, height, "yuv420p"
        voice = None if audio is None else file.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        for frame in chain([first], waiting):
            scaled: Any = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
            file.mux(pictures.encode(av.VideoFrame.from_ndarray(scaled, format="rgb24")))
        file.mux(pictures.encode(None))
        if voice is not None and audio is not None:
            for piece in _pieces(audio):
                file.mux(voice.encode(piece))
            file.mux(voice.encode(None))
    return data_url(buffer.getvalue(), "video/mp4")


def _pieces(audio: np.ndarray) -> Iterator[av.AudioFrame]:
    for start in range(0, len(audio), _AUDIO_FRAME):
        samples = np.ascontiguousarray(audio[None, start : start + _AUDIO_FRAME], np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
        yield frame
