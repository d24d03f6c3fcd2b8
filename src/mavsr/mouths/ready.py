"""Take crops that others made: decode, check, store; nobody looks for a face."""

from pathlib import Path

import numpy as np

from mavsr.corpus.members import as_file
from mavsr.errors import InputError
from mavsr.media import video_frames
from mavsr.mouths.align import CROP_SIZE
from mavsr.mouths.audio import hear
from mavsr.mouths.clip import CropSettings, fields_of, store_crops
from mavsr.mouths.prepare import Clip, Measured
from mavsr.shards import Fields


def take_ready(clip: Clip, settings: CropSettings, measured: Measured) -> Fields:
    """Check and encode a clip whose video is crops; see :func:`mavsr.mouths.prepare.prepare`.

    Returns:
        the fields of :func:`mavsr.mouths.clip.fields_of` without landmarks.

    Raises:
        InputError: the clip cannot be used; the message says why.

    """
    measured.face_share = measured.largest_jump = float("nan")
    crops = store_crops(read_crops(clip.video), settings)
    measured.frames = crops.check.frames
    heard, remarks = hear(clip.audio, clip.start, clip.end, settings.audio)
    audio = measured.audio_of(heard, remarks, clip, settings)
    measured.remarks += crops.check.judge()
    return fields_of(crops, audio, clip.about, None)


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
