"""Command: crop the mouths of one shard's clips (``python -m mavsr.mouths.crop``)."""

import contextlib
import logging
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mavsr.command import progress, run_command
from mavsr.corpus.clips import replaced
from mavsr.corpus.manifest import read_manifest
from mavsr.errors import InputError
from mavsr.media import FRAME_RATE, SAMPLES_PER_FRAME
from mavsr.mouths.clip import CropSettings, Lengths, check_lengths, encode
from mavsr.mouths.detectors import load_detector
from mavsr.mouths.guard import CropCheck, check_face, check_upright
from mavsr.mouths.landmark_files import find_file, read_landmarks
from mavsr.mouths.landmarks import Found, find_landmarks
from mavsr.mouths.ledger import Entry, largest_jump, write_ledger
from mavsr.mouths.ready import ready_clip
from mavsr.mouths.reel import Reel, held_memory
from mavsr.mouths.sound import SilentError, read_sound
from mavsr.remedies import named_clips
from mavsr.shards import Fields, write_shard

_log = logging.getLogger(__name__)


def crop(
    manifest: Path,
    shard: int,
    output: Path,
    ledger: Path,
    settings: CropSettings = CropSettings(),  # noqa: B008 (frozen)
) -> None:
    """Write the mouth crops and sound of the manifest's clips of one shard.

    A clip that cannot be used becomes a row of the ledger with its reason and never stops the job.
    The ledger is written after the shard.

    Args:
        manifest: the split's manifest.
        shard: number of the shard.
        output: the shard to write (tar).
        ledger: the ledger to write (CSV, see mavsr.mouths.ledger).
        settings: how to crop.

    """
    table = read_manifest(manifest)
    crop_rows(table[table.shard == shard].to_dict("records"), output, ledger, settings)


def crop_rows(
    rows: list[dict[Any, Any]], output: Path, ledger: Path, settings: CropSettings
) -> None:
    """Write the shard and ledger of manifest ``rows``, which must be sorted by key.

    Raises:
        InputError: the results cannot be written, a video is not the one that was scanned, or no
            clip can be cropped with these settings.

    """
    check_versions(rows)
    # Shards run side by side, so that more threads in one job would only get in another's way.
    cv2.setNumThreads(1)
    if settings.detector != "landmarks" and not settings.ready:
        load_detector(settings.detector, settings.weights, settings.batch)
    memory = held_memory()
    entries: list[Entry] = []

    def samples() -> Generator[tuple[str, Fields], None, None]:
        for row in progress(rows, len(rows), f"mouths for {output.name}"):
            entry, fields = crop_clip(row, settings, memory)
            entries.append(entry)
            if fields:
                yield entry.key, fields
            else:
                _log.warning("%s dropped: %s", entry.key, entry.reason)

    try:
        with contextlib.closing(samples()) as clips:
            write_shard(output, clips)
        write_ledger(ledger, entries)
    # What reading clips raises has become rows by now; this is a full disk or a locked folder.
    except OSError as error:
        raise InputError(
            f"{output} and {ledger.name} beside it cannot be written ({error}); "
            "free disk space or give leave to write there, then run the same command again"
        ) from error


def check_versions(rows: list[dict[Any, Any]]) -> None:
    """Raise InputError that names clips whose videos were replaced after the corpus was scanned."""
    others = {row["key"] for row in rows if replaced(Path(row["video"]), row["version"])}
    if clips := named_clips("other videos than those that were scanned belong to", others):
        raise InputError(
            f"{clips[0]}; size or time has changed, so length and transcript may have too. Scan "
            "the corpus again: add `--forcerun scan_corpus` to the command of the run"
        )


def crop_clip(
    row: dict[Any, Any], settings: CropSettings, memory: np.ndarray
) -> tuple[Entry, Fields]:
    """Prepare the clip of one manifest row; the fields are empty if it had to be dropped.

    Args:
        row: the manifest's row.
        settings: how to crop.
        memory: see :func:`mavsr.mouths.reel.held_memory`.

    """
    entry = Entry(
        key=row["key"],
        split=row["split"],
        shard=int(row["shard"]),
        kept=False,
        reason="",
        frames=0,
        face_share=0.0,
        largest_jump=0.0,
        duration_s=float(row["duration_s"]),
        av_gap_s=float("nan"),
    )
    try:
        if settings.ready:
            return ready_clip(row, entry, settings)
        frames = Reel(Path(row["video"]), row["start"], row["end"], memory)
        with ThreadPoolExecutor(1) as listening:
            hearing = listening.submit(_hear, row, settings)
            found, trouble = _look_for_face(row, frames, settings)
            # Who has no frame has no length either.
            entry = replace(entry, frames=len(frames))
            sound, remarks = hearing.result()
        samples = len(frames) * SAMPLES_PER_FRAME if sound is None else len(sound)
        lengths = Lengths(len(frames), samples, entry.duration_s)
        entry = replace(entry, av_gap_s=lengths.av_gap_s)
        check_lengths(lengths, settings)
        if found is None:
            raise InputError(trouble)
        entry = replace(
            entry,
            face_share=found.share,
            largest_jump=largest_jump(found.landmarks[found.seen]),
        )
        remarks = remarks + doubts(row, found, frames, settings)
        check = CropCheck()
        about = {"text": row["text"], "speaker": row["speaker"]}
        silence = np.zeros(0, np.float32)
        audio = silence if sound is None else sound
        fields = encode(frames, audio, found.landmarks, about, settings, check)
        remarks = remarks + check.judge()
    except InputError as error:
        return replace(entry, reason=_one_line(error)), {}
    # Decoders and detectors meet files nobody foresaw; one of them must not cost the others, and
    # the index refuses the split if they are many.
    except Exception as error:
        _log.exception("%s: unforeseen error", row["key"])
        return replace(entry, reason=f"unforeseen {type(error).__name__}: {_one_line(error)}"), {}
    if remarks:
        _log.warning("%s kept, but look at it: %s", row["key"], "; ".join(remarks))
    entry = replace(
        entry,
        kept=True,
        duration_s=entry.frames / FRAME_RATE,
        remarks="; ".join(remarks),
    )
    return entry, fields


def _hear(row: dict[Any, Any], settings: CropSettings) -> tuple[np.ndarray | None, list[str]]:
    """Audio of a row and remarks on it; None for silence where that is allowed."""
    path = Path(row["audio"])
    try:
        return read_sound(path, row["start"], row["end"]), []
    except SilentError as error:
        if settings.audio == "required":
            raise
        return None, [error.kind]


def _look_for_face(
    row: dict[Any, Any], frames: Reel, settings: CropSettings
) -> tuple[Found | None, str]:
    """Find the face, or say why there is none; what a clip lacks in length is said before that."""
    try:
        return find(row, frames, settings), ""
    except InputError as error:
        if not frames.counted:
            raise
        return None, str(error)


def find(row: dict[Any, Any], frames: Reel, settings: CropSettings) -> Found:
    """Find the face of one manifest row; see :func:`mavsr.mouths.landmarks.find_landmarks`.

    Raises:
        InputError: there is none, or the frames cannot be read.

    """
    if settings.landmarks and settings.detector == "landmarks":
        path = find_file(settings.landmarks, Path(row["video"]))
        landmarks = read_landmarks(path, row["start"], len(frames))
        seen = np.flatnonzero(~np.isnan(landmarks).any(axis=(1, 2)))
        unknown = np.full(len(seen), np.nan)
        return Found(landmarks, seen, unknown, len(seen) / len(landmarks), 0)
    detector = load_detector(settings.detector, settings.weights, settings.batch)
    return find_landmarks(frames, detector, settings.detect_every)


def doubts(row: dict[Any, Any], found: Found, frames: Reel, settings: CropSettings) -> list[str]:
    """Remarks on the face that was found; see :mod:`mavsr.mouths.guard`.

    Raises:
        InputError: the clip is to be dropped.

    """
    remarks = check_face(found, settings.min_face_share)
    if settings.detector != "landmarks":
        detector = load_detector(settings.detector, settings.weights, settings.batch)
        check_upright(found, frames, detector.looks()[found.way])
    return remarks


def locate(row: dict[Any, Any], frames: Reel, settings: CropSettings) -> np.ndarray:
    """Landmarks float (T, 4, 2) of a row's frames, NaN where there are none; guarded.

    Raises:
        InputError: there are none at all, or they are to be dropped; see :func:`doubts`.

    """
    found = find(row, frames, settings)
    for remark in doubts(row, found, frames, settings):
        _log.warning("%s: look at its crops: %s", row["video"], remark)
    return found.landmarks


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


if __name__ == "__main__":
    run_command(crop)
