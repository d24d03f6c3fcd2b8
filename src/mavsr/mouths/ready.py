"""Take crops that others made: decode, check, store; nobody looks for a face."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mavsr.corpus.crop_files import probe_crops
from mavsr.corpus.members import as_file
from mavsr.errors import InputError
from mavsr.media import (
    FRAME_RATE,
    SAMPLES_PER_FRAME,
    encode_audio,
    encode_lossless,
    encode_x264,
    read_audio,
    video_frames,
)
from mavsr.mouths.align import CROP_SIZE
from mavsr.mouths.clip import CropSettings, Lengths, check_lengths, fit
from mavsr.mouths.ledger import Entry
from mavsr.shards import Fields


def ready_clip(
    row: Mapping[Any, Any], entry: Entry, settings: CropSettings
) -> tuple[Entry, Fields]:
    """The ledger's entry and the shard's fields of a manifest row whose video is crops.

    The fields are those of :func:`mavsr.mouths.clip.encode` without landmarks.

    Raises:
        InputError: the clip is to be dropped; the message says why.
    """
    crops = read_crops(Path(row["video"]))
    audio = _audio(row, len(crops) * SAMPLES_PER_FRAME, settings.audio == "optional")
    lengths = Lengths(len(crops), len(audio), entry.duration_s)
    check_lengths(lengths, settings)
    about = {"text": row["text"], "speaker": row["speaker"], "frames": len(crops)}
    fields = {
        "mkv": encode_lossless(crops) if settings.crf is None else encode_x264(crops, settings.crf),
        "flac": encode_audio(fit(audio, len(crops) * SAMPLES_PER_FRAME)),
        "json": json.dumps(about, sort_keys=True, ensure_ascii=False).encode(),
    }
    entry = replace(
        entry,
        kept=True,
        frames=lengths.frames,
        av_gap_s=lengths.av_gap_s,
        face_share=float("nan"),
        largest_jump=float("nan"),
        duration_s=lengths.frames / FRAME_RATE,
    )
    return entry, fields


def _audio(row: Mapping[Any, Any], samples: int, may_lack: bool) -> np.ndarray:
    """Audio (N,) beside the crops or in their file; silence where it may lack and does."""
    place = Path(row["audio"])
    with as_file(place) as file:
        inside = row["audio"] == row["video"]
        if may_lack and inside and not probe_crops(file, str(place)).audio:
            return np.zeros(samples, np.float32)
        return read_audio(file)


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
