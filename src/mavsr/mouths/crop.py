"""Command: crop the mouths of one shard's clips (``python -m mavsr.mouths.crop``)."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mavsr.command import progress, run_command
from mavsr.corpus.manifest import read_manifest
from mavsr.errors import InputError
from mavsr.media import FRAME_RATE, read_audio, read_video
from mavsr.mouths.clip import CropSettings, Recording, check_lengths, encode
from mavsr.mouths.landmarks import detect_landmarks
from mavsr.mouths.ledger import Entry, write_ledger
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
    """Write the shard and ledger of manifest ``rows``, which must be sorted by key."""
    entries: list[Entry] = []

    def samples() -> Iterator[tuple[str, Fields]]:
        for row in progress(rows, len(rows), f"mouths for {output.name}"):
            entry, fields = crop_clip(row, settings)
            entries.append(entry)
            if fields:
                yield entry.key, fields
            else:
                _log.warning("%s dropped: %s", entry.key, entry.reason)

    write_shard(output, samples())
    write_ledger(ledger, entries)


def crop_clip(row: dict[Any, Any], settings: CropSettings) -> tuple[Entry, Fields]:
    """Prepare the clip of one manifest row; the fields are empty if it had to be dropped."""
    entry = Entry(
        key=row["key"],
        split=row["split"],
        shard=int(row["shard"]),
        kept=False,
        reason="",
        frames=0,
        face_share=0.0,
        duration_s=float(row["duration_s"]),
        av_gap_s=float("nan"),
    )
    try:
        recording = Recording(
            read_video(Path(row["video"]), row["start"], row["end"]),
            read_audio(Path(row["audio"]), row["start"], row["end"]),
        )
        entry = replace(entry, frames=len(recording.frames), av_gap_s=recording.av_gap_s)
        check_lengths(recording, settings)
        landmarks = detect_landmarks(recording.frames, settings.detector, settings.detect_every)
        face_share = float((~np.isnan(landmarks).any(axis=(1, 2))).mean())
        fields = encode(recording, landmarks, row["text"], row["speaker"])
    except InputError as error:
        return replace(entry, reason=_one_line(error)), {}
    # Decoders and detectors meet files nobody foresaw; one of them must not cost the others, and
    # the index refuses the split if they are many.
    except Exception as error:
        _log.exception("%s: unforeseen error", row["key"])
        return replace(entry, reason=f"unforeseen {type(error).__name__}: {_one_line(error)}"), {}
    duration = entry.frames / FRAME_RATE
    return replace(entry, kept=True, face_share=face_share, duration_s=duration), fields


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


if __name__ == "__main__":
    run_command(crop)
