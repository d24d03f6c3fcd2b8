"""Command: read a corpus tree into one manifest per split, and list what cannot be used."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mavsr.command import run_command
from mavsr.corpus.lrs3 import Clip, read_tree
from mavsr.corpus.manifest import SPLITS, write_manifest
from mavsr.errors import InputError
from mavsr.files import atomic
from mavsr.seeds import derive_seed

DROPPED_COLUMNS = ("key", "split", "video", "reason")


def validation_speakers(clips: Sequence[Clip], share: float, seed: int) -> set[str]:
    """Speakers held out for validation: drawn until they hold ``share`` of the trainval clips.

    LRS3 has no validation split. The draw depends on the seed and the speakers' names alone, and no
    held-out speaker is heard in training, so pretrain clips of these speakers must go too.
    """
    trainval = [clip for clip in clips if clip.folder == "trainval"]
    wanted, chosen, found = share * len(trainval), set[str](), 0
    for speaker in sorted({c.speaker for c in trainval}, key=lambda s: derive_seed(seed, "val", s)):
        if found >= wanted:
            break
        chosen.add(speaker)
        found += sum(clip.speaker == speaker for clip in trainval)
    return chosen


def assign_splits(
    clips: Sequence[Clip], validation_share: float, seed: int
) -> list[tuple[str, Clip]]:
    """(split, clip) pairs, good clips and bad ones, without pretrain clips of held-out speakers."""
    held_out = validation_speakers(clips, validation_share, seed)
    pairs = []
    for clip in clips:
        if clip.folder == "test":
            pairs.append(("test", clip))
        elif clip.speaker not in held_out:
            pairs.append(("train", clip))
        elif clip.folder == "trainval":
            pairs.append(("val", clip))
    return pairs


def build_manifests(
    pairs: Sequence[tuple[str, Clip]], shards: dict[str, int]
) -> dict[str, pd.DataFrame]:
    """Split -> manifest of the good clips among the (split, clip) ``pairs``.

    A clip's shard is a hash of its key, so it stays where it is when other clips come or go.
    """
    rows: dict[str, list[dict]] = {split: [] for split in SPLITS}
    for split, clip in pairs:
        if clip.problem:
            continue
        rows[split].append(
            {
                "key": clip.key,
                "video": str(clip.video),
                "audio": str(clip.video),
                "text": clip.text,
                "start": clip.start,
                "end": clip.end,
                "duration_s": clip.duration_s,
                "speaker": clip.speaker,
                "split": split,
                "shard": derive_seed("shard", clip.key) % shards[split],
                "version": clip.version,
            }
        )
    return {split: pd.DataFrame(rows[split]) for split in SPLITS}


def scan(
    root: Path,
    output_folder: Path,
    shards: dict[str, int],
    longest_segment_s: float,
    validation_share: float,
    seed: int,
) -> None:
    """Write ``{split}.parquet`` for every split, and ``dropped.csv``, to ``output_folder``.

    Args:
        root: a tree in LRS3's layout.
        output_folder: where the manifests go.
        shards: number of shards of each split.
        longest_segment_s: pretrain clips are cut into segments of at most this many seconds.
        validation_share: share of the trainval clips to hold out, by speaker.
        seed: seed of that choice.
    """
    clips = list(read_tree(root, longest_segment_s))
    pairs = assign_splits(clips, validation_share, seed)
    logging.info("%d pretrain segments of held-out speakers are not used", len(clips) - len(pairs))
    manifests = build_manifests(pairs, shards)
    dropped = [(c.key, split, c.video, c.problem) for split, c in pairs if c.problem]
    with atomic(output_folder / "dropped.csv") as partial:
        pd.DataFrame(dropped, columns=DROPPED_COLUMNS).to_csv(partial, index=False)
    for key, _, _, problem in dropped:
        logging.warning("left out %s: %s", key, problem)
    for split, manifest in manifests.items():
        if manifest.empty:
            raise InputError(f"{root}: no usable clip for the split {split!r}")
        hours = manifest.duration_s.sum() / 3600
        logging.info("%s: %d utterances, %.2f h", split, len(manifest), hours)
        write_manifest(output_folder / f"{split}.parquet", manifest)


if __name__ == "__main__":
    run_command(scan)
