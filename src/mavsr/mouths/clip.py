"""What becomes of one clip: video and audio brought to one length, cropped, encoded.

Video is 25 frames per second, audio 16 kHz; a clip in a shard has exactly 640 samples per frame.
"""

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mavsr.config.base import settings
from mavsr.config.mouths import CropKeys
from mavsr.errors import InputError
from mavsr.media import (
    FRAME_RATE,
    SAMPLE_RATE,
    SAMPLES_PER_FRAME,
    encode_audio,
    encode_lossless,
    encode_x264,
)
from mavsr.mouths.ahead import ahead
from mavsr.mouths.guard import CropCheck
from mavsr.shards import Fields


@settings("mouths")
class CropSettings(CropKeys):
    """How mouths are found and which clips are refused, for a job that has the files.

    Attributes:
        ready: the corpus' videos are crops already, and nobody looks for a face.
    """

    ready: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.detector == "landmarks" and not (self.landmarks and self.landmarks.is_dir()):
            raise InputError(
                f"the detector is landmarks and their folder {self.landmarks}, which is none; "
                "correct mouths.landmarks"
            )

    @property
    def crf(self) -> int | None:
        """Quality of the codec x264; None if it is another."""
        return self.codec["x264"] if isinstance(self.codec, dict) else None

    @property
    def weights(self) -> Path | None:
        """File of the detector's weights."""
        return Path(self.retinaface.weights) if self.retinaface.weights else None

    @property
    def batch(self) -> int:
        """Frames that the detector looks at together."""
        return self.retinaface.batch


@dataclass(frozen=True)
class Lengths:
    """How long a clip is: frames at 25 per second, samples at 16 kHz, seconds by the manifest."""

    frames: int
    samples: int
    expected_s: float

    @property
    def av_gap_s(self) -> float:
        """Seconds by which the picture outlasts the audio; negative if it ends earlier."""
        return self.frames / FRAME_RATE - self.samples / SAMPLE_RATE

    @property
    def missing_s(self) -> float:
        """Seconds by which the picture ends earlier than the manifest says."""
        return self.expected_s - self.frames / FRAME_RATE


def check_lengths(lengths: Lengths, settings: CropSettings) -> None:
    """Refuse clips that are too short, cut off, or whose video and audio do not belong together.

    Raises:
        InputError: the clip is to be dropped; the message says why.

    """
    if lengths.frames < settings.min_frames:
        raise InputError(
            f"too short: {lengths.frames} frames, fewer than min_frames {settings.min_frames}"
        )
    if abs(lengths.av_gap_s) > settings.max_av_gap_s:
        raise InputError(
            f"video and audio differ in length by {lengths.av_gap_s:+.2f} s, "
            f"more than max_av_gap_s {settings.max_av_gap_s}"
        )
    if lengths.missing_s > settings.max_av_gap_s:
        raise InputError(
            f"cut off: the picture ends {lengths.missing_s:.2f} s before its time of "
            f"{lengths.expected_s:.2f} s, more than max_av_gap_s {settings.max_av_gap_s}; the file "
            "is incomplete"
        )


def encode(
    crops: Iterable[np.ndarray],
    audio: np.ndarray,
    landmarks: np.ndarray,
    about: dict[str, str],
    settings: CropSettings,
    check: CropCheck | None = None,
) -> Fields:
    """A clip's shard fields of its mouth crops, RGB uint8 (96, 96, 3), which ``check`` watches.

    They are ``mkv`` (mouth crops), ``flac`` (frames * 640 samples, cut or padded with silence),
    ``json`` (``about`` and the number of frames) and ``landmarks.npy`` (float32 (T, 4, 2) as
    detected, NaN where no face was found).
    """
    crops = ahead(check.watch(crops) if check else crops)
    count = len(landmarks)
    crf = settings.crf
    return {
        "mkv": encode_lossless(crops) if crf is None else encode_x264(crops, crf),
        "flac": encode_audio(fit(audio, count * SAMPLES_PER_FRAME)),
        "json": about_clip(about, count),
        "landmarks.npy": _npy(landmarks.astype(np.float32)),
    }


def about_clip(about: dict[str, str], frames: int) -> bytes:
    """The field ``json``: what is known ``about`` a clip, and how many frames it has."""
    content = {**about, "frames": frames}
    return json.dumps(content, sort_keys=True, ensure_ascii=False).encode()


def fit(audio: np.ndarray, samples: int) -> np.ndarray:
    """Cut ``audio`` (N,), or pad it with zeros, to ``samples``."""
    return np.pad(audio[:samples], (0, max(0, samples - len(audio))))


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()
