"""What becomes of one clip: picture and sound brought to one length, cropped, encoded.

Picture is 25 frames per second, sound 16 kHz; a clip in a shard has exactly 640 samples per frame.
"""

import io
import json
from dataclasses import dataclass

import numpy as np

from mavsr.errors import InputError
from mavsr.media import (
    FRAME_RATE,
    SAMPLE_RATE,
    SAMPLES_PER_FRAME,
    encode_audio,
    encode_lossless,
)
from mavsr.mouths.align import crop_mouths
from mavsr.mouths.landmarks import DETECTORS
from mavsr.shards import Fields


@dataclass(frozen=True)
class CropSettings:
    """How mouths are found and which clips are refused.

    Attributes:
        detector: face detector; only "mediapipe".
        detect_every: look for the face in every n-th frame and interpolate between. 1 is what
            auto_avsr does; larger is faster and follows the head less closely.
        min_frames: clips shorter than this many frames (25 per second) are dropped.
        max_av_gap_s: clips whose picture and sound differ in length by more seconds are dropped.

    """

    detector: str = "mediapipe"
    detect_every: int = 1
    min_frames: int = 12
    max_av_gap_s: float = 0.5

    def __post_init__(self):
        if self.detector not in DETECTORS:
            raise InputError(
                f"detector is {self.detector!r}; it must be one of {', '.join(DETECTORS)}"
            )
        if self.detect_every < 1:
            raise InputError(f"detect_every is {self.detect_every}; it must be 1 or more")
        if self.min_frames < 1:
            raise InputError(f"min_frames is {self.min_frames}; it must be 1 or more")
        if not self.max_av_gap_s >= 0:
            raise InputError(f"max_av_gap_s is {self.max_av_gap_s}; it must be 0 or more")


@dataclass(frozen=True)
class Recording:
    """A clip's picture and sound as they are: RGB uint8 (T, H, W, 3), float32 (N,)."""

    frames: np.ndarray
    sound: np.ndarray

    @property
    def av_gap_s(self) -> float:
        """Seconds by which the picture outlasts the sound; negative if it ends earlier."""
        return len(self.frames) / FRAME_RATE - len(self.sound) / SAMPLE_RATE


def check_lengths(recording: Recording, settings: CropSettings) -> None:
    """Refuse clips that are too short or whose picture and sound do not belong together.

    Raises:
        InputError: the clip is to be dropped; the message says why.

    """
    count, gap = len(recording.frames), recording.av_gap_s
    if count < settings.min_frames:
        raise InputError(f"too short: {count} frames, fewer than min_frames {settings.min_frames}")
    if abs(gap) > settings.max_av_gap_s:
        raise InputError(
            f"picture and sound differ in length by {gap:+.2f} s, "
            f"more than max_av_gap_s {settings.max_av_gap_s}"
        )


def encode(recording: Recording, landmarks: np.ndarray, text: str, speaker: str) -> Fields:
    """Crop the mouths and return the clip's shard fields.

    They are ``mkv`` (mouth crops, lossless), ``flac`` (frames * 640 samples, cut or padded with
    silence), ``json`` (text, frames, speaker) and ``landmarks.npy`` (float32 (T, 4, 2) as detected,
    NaN where no face was found).
    """
    count = len(recording.frames)
    about = {"text": text, "frames": count, "speaker": speaker}
    return {
        "mkv": encode_lossless(crop_mouths(recording.frames, landmarks)),
        "flac": encode_audio(fit(recording.sound, count * SAMPLES_PER_FRAME)),
        "json": json.dumps(about, sort_keys=True, ensure_ascii=False).encode(),
        "landmarks.npy": _npy(landmarks.astype(np.float32)),
    }


def fit(sound: np.ndarray, samples: int) -> np.ndarray:
    """Cut ``sound`` (N,), or pad it with zeros, to ``samples``."""
    return np.pad(sound[:samples], (0, max(0, samples - len(sound))))


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()
