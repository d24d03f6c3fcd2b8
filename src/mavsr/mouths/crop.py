"""Command: crop the mouths of one shard's clips (``python -m mavsr.mouths.crop``)."""

import contextlib
import logging
from collections.abc import Generator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mavsr.command import progress, run_command
from mavsr.corpus.clips import replaced
from mavsr.corpus.manifest import read_manifest
from mavsr.errors import InputError
from mavsr.media import FRAME_RATE
from mavsr.mouths.clip import CropSettings
from mavsr.mouths.detectors import load_detector
from mavsr.mouths.ledger import Entry, write_ledger
from mavsr.mouths.prepare import Clip, Measured, prepare
from mavsr.mouths.ready import take_ready
from mavsr.mouths.reel import held_memory
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
    """Write the mouth crops and audio of the manifest's clips of one shard.

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
    clip = Clip(
        Path(row["video"]),
        Path(row["audio"]),
        row["start"],
        row["end"],
        float(row["duration_s"]),
        {"text": row["text"], "speaker": row["speaker"]},
    )
    measured, fields, reason = Measured(), Fields(), ""
    try:
        if settings.ready:
            fields = take_ready(clip, settings, measured)
        else:
            fields = prepare(clip, settings, memory, measured)
    except InputError as error:
        reason = _one_line(error)
    # Decoders and detectors meet files nobody foresaw; one of them must not cost the others, and
    # the index refuses the split if they are many.
    except Exception as error:
        _log.exception("%s: unforeseen error", row["key"])
        reason = f"unforeseen {type(error).__name__}: {_one_line(error)}"
    remarks = "" if reason else "; ".join(measured.remarks)
    if remarks:
        _log.warning("%s kept, but look at it: %s", row["key"], remarks)
    entry = Entry(
        key=row["key"],
        split=row["split"],
        shard=int(row["shard"]),
        kept=not reason,
        reason=reason,
        frames=measured.frames,
        face_share=measured.face_share,
        largest_jump=measured.largest_jump,
        duration_s=clip.expected_s if reason else measured.frames / FRAME_RATE,
        av_gap_s=measured.av_gap_s,
        remarks=remarks,
    )
    return entry, fields


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


if __name__ == "__main__":
    run_command(crop)
