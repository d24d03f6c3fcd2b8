"""A clip from its files to what a shard holds, the same in a corpus and for a single file.

Whatever is refused or remarked on here is so in the mouths stage and in ``mavsr transcribe``.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mavsr.errors import InputError
from mavsr.media import SAMPLES_PER_FRAME
from mavsr.mouths.align import mouth_crops
from mavsr.mouths.audio import hear
from mavsr.mouths.clip import CropSettings, Lengths, check_lengths, encode
from mavsr.mouths.detectors import load_detector
from mavsr.mouths.guard import CropCheck, check_face, check_upright
from mavsr.mouths.landmark_files import find_file, read_landmarks
from mavsr.mouths.landmarks import Found, find_landmarks
from mavsr.mouths.ledger import largest_jump
from mavsr.mouths.reel import Reel
from mavsr.shards import Fields


@dataclass(frozen=True)
class Clip:
    """Where a clip lies.

    Attributes:
        video: the file with its frames.
        audio: the file with its audio; None if nobody will listen, which makes it silent.
        start: where it begins in the files, seconds.
        end: where it ends; NaN means the end of the files.
        expected_s: how long it should be, seconds; NaN if that is not known.
        about: what its ``json`` says beside the number of frames.

    """

    video: Path
    audio: Path | None
    start: float = 0.0
    end: float = float("nan")
    expected_s: float = float("nan")
    about: dict[str, str] = field(default_factory=dict)


@dataclass
class Measured:
    """What is known of a clip so far, also if it is refused in the end.

    Attributes:
        frames: see :class:`mavsr.mouths.ledger.Entry`, as for the next three.
        av_gap_s: NaN until both lengths are known.
        face_share: NaN if nobody looks for a face.
        largest_jump: likewise.
        remarks: what is doubtful about it.

    """

    frames: int = 0
    av_gap_s: float = float("nan")
    face_share: float = 0.0
    largest_jump: float = 0.0
    remarks: list[str] = field(default_factory=list)

    def audio_of(
        self, heard: np.ndarray | None, remarks: Iterable[str], clip: Clip, settings: CropSettings
    ) -> np.ndarray:
        """Audio (N,) of a clip of ``frames`` frames, silence for None; its length is checked.

        Raises:
            InputError: see :func:`mavsr.mouths.clip.check_lengths`.

        """
        self.remarks.extend(remarks)
        audio = np.zeros(self.frames * SAMPLES_PER_FRAME, np.float32) if heard is None else heard
        lengths = Lengths(self.frames, len(audio), clip.expected_s)
        self.av_gap_s = lengths.av_gap_s
        check_lengths(lengths, settings)
        return audio


def prepare(clip: Clip, settings: CropSettings, memory: np.ndarray, measured: Measured) -> Fields:
    """Find the face of a clip, judge it, crop the mouth and encode.

    Args:
        clip: where the clip lies.
        settings: how to crop.
        memory: see :func:`mavsr.mouths.reel.held_memory`.
        measured: filled on the way.

    Returns:
        see :func:`mavsr.mouths.clip.encode`.

    Raises:
        InputError: the clip cannot be used; the message says why.

    """
    frames = Reel(clip.video, clip.start, clip.end, memory)
    with ThreadPoolExecutor(1) as listening:
        hearing = listening.submit(hear, clip.audio, clip.start, clip.end, settings.audio)
        found, trouble = _look_for_face(clip, frames, settings)
        # Who has no frame has no length either.
        measured.frames = len(frames)
        heard, remarks = hearing.result()
    audio = measured.audio_of(heard, remarks, clip, settings)
    if found is None:
        raise InputError(trouble)
    measured.face_share = found.share
    measured.largest_jump = largest_jump(found.landmarks[found.seen])
    measured.remarks += _judge(found, frames, settings)
    check = CropCheck()
    crops = found.crops or mouth_crops(frames, found.landmarks)
    fields = encode(crops, audio, found.landmarks, clip.about, settings, check)
    measured.remarks += check.judge()
    return fields


def _look_for_face(clip: Clip, frames: Reel, settings: CropSettings) -> tuple[Found | None, str]:
    """Find the face, or say why there is none; what a clip lacks in length is said before that."""
    try:
        return _find(clip, frames, settings), ""
    except InputError as error:
        if not frames.counted:
            raise
        return None, str(error)


def _find(clip: Clip, frames: Reel, settings: CropSettings) -> Found:
    if settings.landmarks and settings.detector == "landmarks":
        path = find_file(settings.landmarks, clip.video)
        landmarks = read_landmarks(path, clip.start, len(frames))
        seen = np.flatnonzero(~np.isnan(landmarks).any(axis=(1, 2)))
        unknown = np.full(len(seen), np.nan)
        return Found(landmarks, seen, unknown, len(seen) / len(landmarks), 0)
    detector = load_detector(settings.detector, settings.weights, settings.batch)
    return find_landmarks(frames, detector, settings.detect_every)


def _judge(found: Found, frames: Reel, settings: CropSettings) -> list[str]:
    """Remarks on the face; InputError if the clip is to be dropped (:mod:`mavsr.mouths.guard`)."""
    remarks = check_face(found, settings.min_face_share)
    if settings.detector != "landmarks":
        detector = load_detector(settings.detector, settings.weights, settings.batch)
        check_upright(found, frames, detector.looks()[found.way])
    return remarks
