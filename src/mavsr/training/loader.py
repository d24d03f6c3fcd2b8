"""Read the clips of one batch after the other, ahead of need.

What a batch holds is planned in :mod:`mavsr.training.batches`. Here it is divided over processes
and read: each process takes every ``count``-th clip of each batch, in the batch's order from long
to short, so that all have about as much to do.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from mavsr.errors import InputError
from mavsr.model.avsr import Utterance

READ_AHEAD = 4
"""Batches that each worker keeps ready."""
Step = tuple[int, Sequence[str]]
"""Epoch, and keys of all clips of the batch."""
Joined = tuple[list[tuple[str, str]], dict[str, tuple[torch.Tensor, list[int]]]]
"""A batch: key and text of each clip; modality -> its tokens (sum of lengths, d), and lengths."""


class _Batches(Dataset[list[Utterance] | InputError]):
    """This process' share of each step's clips."""

    def __init__(
        self, views: Sequence[Mapping[str, Utterance]], steps: Sequence[Step], rank: int, count: int
    ):
        self.views, self.steps, self.rank, self.count = views, steps, rank, count

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, index: int) -> list[Utterance] | InputError:
        epoch, keys = self.steps[index]
        view = self.views[epoch % len(self.views)]
        try:
            return [view[key] for key in keys[self.rank :: self.count]]
        except InputError as error:  # raised by a worker, its message would be a traceback
            return error


def load_batches(
    views: Sequence[Mapping[str, Utterance]],
    steps: Sequence[Step],
    start: int = 0,
    rank: int = 0,
    count: int = 1,
    workers: int = 0,
) -> Iterator[list[Utterance]]:
    """Yield this process' clips of every step from ``start`` on, in order.

    The order depends on neither ``workers`` nor ``count``, and nothing before ``start`` is read, so
    a run that was interrupted goes on at the next batch it has not seen.

    Args:
        views: one source per augmented view; epoch e reads view e mod len(views).
        steps: epoch and keys of every batch.
        start: number of the first step that is wanted.
        rank: number of this process.
        count: number of processes.
        workers: processes that read ahead; 0 reads in this one.

    Raises:
        InputError: a clip cannot be read.

    """
    ahead: dict[str, Any] = {"prefetch_factor": READ_AHEAD} if workers else {}
    for batch in DataLoader(
        _Batches(views, steps, rank, count),
        batch_size=None,
        sampler=range(start, len(steps)),
        collate_fn=_joined,
        num_workers=workers,
        **ahead,
    ):
        if isinstance(batch, InputError):
            raise batch
        yield _divided(*batch)


def _joined(batch: list[Utterance] | InputError) -> Joined | InputError:
    """One tensor per modality: each tensor that a worker sends costs both sides an open file."""
    if isinstance(batch, InputError):
        return batch
    tokens = {m: [clip.tokens[m] for clip in batch] for m in (batch[0].tokens if batch else ())}
    joined = {m: (torch.cat(rows), [len(row) for row in rows]) for m, rows in tokens.items()}
    return [(clip.key, clip.text) for clip in batch], joined


def _divided(
    names: list[tuple[str, str]], joined: dict[str, tuple[torch.Tensor, list[int]]]
) -> list[Utterance]:
    parts = {m: rows.split(lengths) for m, (rows, lengths) in joined.items()}
    return [
        Utterance(key, text, {m: rows[n] for m, rows in parts.items()})
        for n, (key, text) in enumerate(names)
    ]
