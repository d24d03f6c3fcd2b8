"""What becomes of one clip: picture and sound brought to one length, cropped, encoded.

Picture is 25 frames per second, sound 16 kHz; a clip in a shard has exactly 640 samples per frame.
"""

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

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
from mavsr.mouths.align import mouth_crops
from mavsr.mouths.detectors import DETECTORS
from mavsr.mouths.guard import CropCheck
from mavsr.shards import Fields

SOURCES = (*DETECTORS, "landmarks")
"""Where landmarks come from: a detector, or ready-made files."""

AUDIO = ("required", "optional")
"""Whether clips without audio are dropped or kept with silence."""

WORST_CRF = 51


@dataclass(frozen=True)
class CropSettings:
    """How mouths are found and which clips are refused.

    Attributes:
        detector: one of ``SOURCES``.
        detect_every: look for the face in every n-th frame, follow it between, and look again where
            that fails. 1 is what auto_avsr does; larger is faster.
        min_face_share: clips that show the face in a smaller share of the frames looked at are
            dropped.
        audio: "required", or "optional": a clip without audio, or a silent one, is kept with
            silence and a remark, for models that only see.
        min_frames: clips shorter than this many frames (25 per second) are dropped.
        max_av_gap_s: clips whose picture and sound differ in length by more seconds are dropped;
            so are clips whose picture ends that much earlier than the manifest says.
        codec: of the crops in the shard: "ffv1" (lossless), or {"x264": crf} with a quality from 0
            (best) to 51.
        landmarks: folder of ready-made landmarks, for the detector "landmarks".
        weights: file of the detector's weights, for the detector "retinaface".
        batch: frames that the detector "retinaface" looks at together; changes no result.

    """

    detector: str = "mediapipe"
    detect_every: int = 1
    min_face_share: float = 0.6
    audio: str = "required"
    min_frames: int = 12
    max_av_gap_s: float = 0.5
    codec: str | dict[str, int] = "ffv1"
    landmarks: Path | None = None
    weights: Path | None = None
    batch: int = 32

    def __post_init__(self):
        if self.detector not in SOURCES:
            raise InputError(
                f"detector is {self.detector!r}; it must be one of {', '.join(SOURCES)}"
            )
        if self.detect_every < 1:
            raise InputError(f"detect_every is {self.detect_every}; it must be 1 or more")
        if not 0 <= self.min_face_share <= 1:
            raise InputError(f"min_face_share is {self.min_face_share}; it must be from 0 to 1")
        if self.audio not in AUDIO:
            raise InputError(f"audio is {self.audio!r}; it must be one of {', '.join(AUDIO)}")
        if self.batch < 1:
            raise InputError(f"batch is {self.batch}; it must be 1 or more")
        if self.min_frames < 1:
            raise InputError(f"min_frames is {self.min_frames}; it must be 1 or more")
        if not self.max_av_gap_s >= 0:
            raise InputError(f"max_av_gap_s is {self.max_av_gap_s}; it must be 0 or more")
        if self.codec != "ffv1" and self.crf is None:
            raise InputError(
                f"codec is {self.codec!r}; it must be ffv1, or {{x264: crf}} with a crf from 0 "
                f"to {WORST_CRF}"
            )
        if self.detector == "landmarks" and not (self.landmarks and self.landmarks.is_dir()):
            raise InputError(
                f"the detector is landmarks and their folder {self.landmarks}, which is none; "
                "correct mouths.landmarks"
            )

    @property
    def crf(self) -> int | None:
        """Quality of the codec x264; None if it is another, or no such quality."""
        if isinstance(self.codec, dict) and list(self.codec) == ["x264"]:
            crf = self.codec["x264"]
            return crf if 0 <= crf <= WORST_CRF else None
        return None


@dataclass(frozen=True)
class Lengths:
    """How long a clip is: frames at 25 per second, samples at 16 kHz, seconds by the manifest."""

    frames: int
    samples: int
    expected_s: float

    @property
    def av_gap_s(self) -> float:
        """Seconds by which the picture outlasts the sound; negative if it ends earlier."""
        return self.frames / FRAME_RATE - self.samples / SAMPLE_RATE

    @property
    def missing_s(self) -> float:
        """Seconds by which the picture ends earlier than the manifest says."""
        return self.expected_s - self.frames / FRAME_RATE


def check_lengths(lengths: Lengths, settings: CropSettings) -> None:
    """Refuse clips that are too short, cut off, or whose picture and sound do not belong together.

    Raises:
        InputError: the clip is to be dropped; the message says why.

    """
    if lengths.frames < settings.min_frames:
        raise InputError(
            f"too short: {lengths.frames} frames, fewer than min_frames {settings.min_frames}"
        )
    if abs(lengths.av_gap_s) > settings.max_av_gap_s:
        raise InputError(
            f"picture and sound differ in length by {lengths.av_gap_s:+.2f} s, "
            f"more than max_av_gap_s {settings.max_av_gap_s}"
        )
    if lengths.missing_s > settings.max_av_gap_s:
        raise InputError(
            f"cut off: the picture ends {lengths.missing_s:.2f} s before its time of "
            f"{lengths.expected_s:.2f} s, more than max_av_gap_s {settings.max_av_gap_s}; the file "
            "is incomplete"
        )


def encode(
    frames: Iterable[np.ndarray],
    sound: np.ndarray,
    landmarks: np.ndarray,
    about: dict[str, str],
    settings: CropSettings,
    check: CropCheck | None = None,
) -> Fields:
    """Crop the mouths and return the clip's shard fields; ``check`` watches the crops.

    They are ``mkv`` (mouth crops), ``flac`` (frames * 640 samples, cut or padded with silence),
    ``json`` (``about`` and the number of frames) and ``landmarks.npy`` (float32 (T, 4, 2) as
    detected, NaN where no face was found).
    """
    crops = mouth_crops(frames, landmarks)
    crops = ahead(check.watch(crops) if check else crops)
    count = len(landmarks)
    crf = settings.crf
    return {
        "mkv": encode_lossless(crops) if crf is None else encode_x264(crops, crf),
        "flac": encode_audio(fit(sound, count * SAMPLES_PER_FRAME)),
        "json": json.dumps({**about, "frames": count}, sort_keys=True, ensure_ascii=False).encode(),
        "landmarks.npy": _npy(landmarks.astype(np.float32)),
    }


def fit(sound: np.ndarray, samples: int) -> np.ndarray:
    """Cut ``sound`` (N,), or pad it with zeros, to ``samples``."""
    return np.pad(sound[:samples], (0, max(0, samples - len(sound))))


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()
