"""Command: read a corpus into one manifest per split, and list what is not used (``dropped.csv``).

Nothing found in a corpus vanishes: it has a row in a manifest, or in ``dropped.csv`` with the
reason. A row there counts as lost if it names a split; ``unused`` marks what belongs to none.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from mavsr.command import run_command
from mavsr.corpus.clips import UNUSED, Clip
from mavsr.corpus.manifest import COLUMNS, SPLITS, write_manifest
from mavsr.corpus.readers import make_reader
from mavsr.corpus.visible import printable
from mavsr.errors import InputError
from mavsr.seeds import derive_seed
from mavsr.tables import write_csv

DROPPED_COLUMNS = ("key", "split", "video", "reason")
SEED = 0
"""Which speakers are held out is part of the corpus, the same for every experiment."""
_SHOWN = 20
"""Lost clips that the log names."""


def read_corpus(
    root: Path, reading: dict[str, Any], seed: int, audio: str = "required"
) -> list[Clip]:
    """All clips of a corpus, good and bad; none of the good ones shares its key within a split.

    Args:
        root: folder of the corpus.
        reading: kind and settings (see mavsr.corpus.readers).
        seed: of which speakers are held out.
        audio: ``required``, or ``optional`` if clips without an audio track may be used.

    Raises:
        InputError: ``root`` does not hold such a corpus, or a setting is wrong.
    """
    clips = make_reader(reading).read(root, seed)
    return refuse_shared_keys(clips if audio == "optional" else refuse_unheard(clips))


def refuse_unheard(clips: Sequence[Clip]) -> list[Clip]:
    """Give every good clip a problem that has no audio."""
    return [
        replace(clip, problem=_unheard(clip)) if not clip.problem and not clip.has_audio else clip
        for clip in clips
    ]


def _unheard(clip: Clip) -> str:
    if clip.audio:
        return f"{clip.audio} is missing"
    return f"{clip.video}: no audio track, or an empty one"


def refuse_shared_keys(clips: Sequence[Clip]) -> list[Clip]:
    """Give every good clip a problem whose key another good one of its split has too.

    Neither is preferred, as nobody could tell which of the two was meant.
    """
    owners: dict[tuple[str, str], list[Clip]] = defaultdict(list)
    for clip in clips:
        if not clip.problem:
            owners[clip.split, clip.key].append(clip)
    return [
        replace(clip, problem=_shared(clip, owners[clip.split, clip.key]))
        if not clip.problem and len(owners[clip.split, clip.key]) > 1
        else clip
        for clip in clips
    ]


def _shared(clip: Clip, owners: Sequence[Clip]) -> str:
    others = sorted({str(other.video) for other in owners if other.video != clip.video})
    if not others:
        return f"listed {len(owners)} times; keep one row"
    return f"{' and '.join(others)} would have the same key; rename one"


def build_manifests(clips: Sequence[Clip], shards: dict[str, int]) -> dict[str, pd.DataFrame]:
    """Split -> manifest of the good clips.

    A clip's shard is a hash of its key, so it stays where it is when other clips come or go.
    """
    rows: dict[str, list[dict]] = {split: [] for split in SPLITS}
    for clip in clips:
        if clip.problem:
            continue
        rows[clip.split].append(
            {
                "key": clip.key,
                "video": str(clip.video),
                "audio": str(clip.audio if clip.audio and clip.has_audio else clip.video),
                "text": clip.text,
                "start": clip.start,
                "end": clip.end,
                "duration_s": clip.duration_s,
                "speaker": clip.speaker,
                "split": clip.split,
                "shard": derive_seed("shard", clip.key) % shards[clip.split],
                "version": clip.version,
            }
        )
    return {split: pd.DataFrame(rows[split], columns=list(COLUMNS)) for split in SPLITS}


def scan(
    root: Path,
    output_folder: Path,
    shards: dict[str, int],
    reading: dict[str, Any],
    seed: int = SEED,
    audio: str = "required",
    needed: list[str] | None = None,
) -> None:
    """Write ``{split}.parquet`` for every split, and ``dropped.csv``, to ``output_folder``.

    Args:
        root: folder of the corpus.
        output_folder: where the manifests go.
        shards: number of shards of each split.
        reading: kind of the corpus and how it is read (see mavsr.corpus.readers).
        seed: seed of which speakers are held out.
        audio: see :func:`read_corpus`; ``mouths.audio`` of the config.
        needed: splits that must have a clip, as models are trained or tested on them; all if not
            given.

    Raises:
        InputError: a split that is needed has no usable clip, or see :func:`read_corpus`.
    """
    clips = read_corpus(root, reading, seed, audio)
    manifests = build_manifests(clips, shards)
    dropped = [clip for clip in clips if clip.problem]
    write_dropped(output_folder / "dropped.csv", dropped)
    lost = [clip for clip in dropped if clip.split != UNUSED]
    for clip in lost[:_SHOWN]:
        logging.warning("left out %s (%s): %s", clip.key, clip.split, clip.problem)
    logging.info(
        "%d clips are lost, %d belong to no split; dropped.csv lists them",
        len(lost),
        len(dropped) - len(lost),
    )
    for split, manifest in manifests.items():
        if manifest.empty and split in (needed or SPLITS):
            raise InputError(_explain_empty(root, split, dropped))
        hours = manifest.duration_s.sum() / 3600
        logging.info("%s: %d utterances, %.2f h", split, len(manifest), hours)
        write_manifest(output_folder / f"{split}.parquet", manifest)


def write_dropped(path: Path, clips: Sequence[Clip]) -> None:
    """Write the rows of ``dropped.csv``, atomically."""
    rows = [
        (printable(c.key), c.split, printable(str(c.video)), printable(c.problem)) for c in clips
    ]
    write_csv(path, pd.DataFrame(rows, columns=DROPPED_COLUMNS))


def _explain_empty(root: Path, split: str, dropped: Sequence[Clip]) -> str:
    lost = [clip for clip in dropped if clip.split == split]
    if not lost:
        return f"{root}: no usable clip for the split {split!r}; none is found or listed there"
    return (
        f"{root}: no usable clip for the split {split!r}; all {len(lost)} were left out, the first "
        f"({lost[0].key}) because: {lost[0].problem}"
    )


if __name__ == "__main__":
    run_command(scan)
