"""Which clips form a batch: a function of (lengths, budget, seed, epoch) and nothing else."""

from collections.abc import Mapping, Sequence

from mavsr.errors import InputError
from mavsr.seeds import generator

POOL = 50
"""Batches' worth of clips that are sorted by length together: padding falls, order stays random."""


def plan_batches(
    frames: Mapping[str, int],
    budget: int,
    seed: int,
    epoch: int,
    clips: Sequence[str] | None = None,
) -> list[list[str]]:
    """Divide all clips into batches whose padded size stays within ``budget``.

    Args:
        frames: key -> length of the clip in video frames (25 per second).
        budget: most frames in a batch, padding included.
        seed: seed of the run.
        epoch: epoch number; every epoch has its own batches.
        clips: keys of those that occur, which may do so repeatedly; None takes each once.

    Returns:
        Lists of keys; each occurs as often as in ``clips``.

    Raises:
        InputError: there is no clip, or one clip alone exceeds the budget.
    """
    if not frames:
        raise InputError(
            "the training split has no clip; see results/mouths/<corpus>/train/ledger.csv for what "
            "became of them"
        )
    longest = max(frames, key=lambda key: frames[key])
    if frames[longest] > budget:
        raise InputError(
            f"clip {longest} has {frames[longest]} frames, more than a whole batch may hold "
            f"({budget}); raise training.batch_frames"
        )
    draw = generator(seed, "batches", epoch)
    ordered = sorted(frames if clips is None else clips)
    keys = [ordered[i] for i in draw.permutation(len(ordered))]
    mean = sum(frames[key] for key in keys) / len(keys)
    pool = max(1, round(POOL * budget / mean))
    batches: list[list[str]] = []
    for first in range(0, len(keys), pool):
        batch: list[str] = []
        for key in sorted(keys[first : first + pool], key=lambda key: -frames[key]):
            # Sorted from long to short: the first clip of a batch sets its padded length.
            if batch and (len(batch) + 1) * frames[batch[0]] > budget:
                batches.append(batch)
                batch = []
            batch.append(key)
        batches.append(batch)
    return [batches[i] for i in draw.permutation(len(batches))]
