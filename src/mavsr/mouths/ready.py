"""Take crops that others made: decode, check, store; nobody looks for a face."""

from pathlib import Path

import numpy as np

from mavsr.corpus.members import as_file
from mavsr.errors import InputError
from mavsr.media import SAMPLES_PER_FRAME, encode_audio, encode_lossless, encode_x264, video_frames
from mavsr.mouths.align import CROP_SIZE
from mavsr.mouths.audio import hear
from mavsr.mouths.clip import CropSettings, about_clip, fit
from mavsr.mouths.guard import CropCheck
from mavsr.mouths.prepare import Clip, Measured
from mavsr.shards import Fields


def take_ready(clip: Clip, settings: CropSettings, measured: Measured) -> Fields:
    """Check and encode a clip whose video is crops; see :func:`mavsr.mouths.prepare.prepare`.

    Returns:
        the fields of :func:`mavsr.mouths.clip.encode` without landmarks.

    Raises:
        InputError: the clip cannot be used; the message says why.

    """
    measured.face_share = measured.largest_jump = float("nan")
    check = CropCheck()
    crops = np.stack([*check.watch(read_crops(clip.video))])
    measured.frames = len(crops)
    heard, remarks = hear(clip.audio, clip.start, clip.end, settings.audio)
    audio = measured.audio_of(heard, remarks, clip, settings)
    measured.remarks += check.judge()
    return {
        "mkv": encode_lossless(crops) if settings.crf is None else encode_x264(crops, settings.crf),
        "flac": encode_audio(fit(audio, len(crops) * SAMPLES_PER_FRAME)),
        "json": about_clip(clip.about, len(crops)),
    }


def read_crops(video: Path) -> np.ndarray:
    """Frames uint8 (T, 96, 96, 3) of a video of crops, which may be an archive's member.

    Raises:
        InputError: it cannot be read, or a frame has another size.
    """
    with as_file(video) as file:
        frames = [*video_frames(file)]
    for number, frame in enumerate(frames):
        if frame.shape != (CROP_SIZE, CROP_SIZE, 3):
            height, width = frame.shape[:2]
            raise InputError(
                f"{video}: frame {number} is {width}x{height}; ready-made crops are "
                f"{CROP_SIZE}x{CROP_SIZE}"
            )
    return np.stack(frames)
