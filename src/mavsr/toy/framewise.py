"""Train a small encoder to name the word that is being spoken, token by token.

The corpus gives word times, so every token of the encoder has a label: silence, or a word. With so
little data that teaches far faster than CTC, which first has to find the alignment by itself (see
docs/log.md). The linear head is thrown away afterwards: the encoder's own output is what the
features stage caches.
"""

import logging
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from mavsr.config.toy import FramewiseSettings
from mavsr.corpus.manifest import read_manifest
from mavsr.corpus.transcripts import Word, read_lrs

SILENCE = 0


def word_times(manifest: Path) -> dict[str, list[Word]]:
    """Key -> words of every clip in a manifest, in seconds from the clip's start.

    They come from the transcript files beside the videos, which must hold word timings.
    """
    found = {}
    for row in read_manifest(manifest).itertuples():
        _, words = read_lrs(Path(str(row.video)).with_suffix(".txt"))
        start, end = float(row.start), float(row.start) + float(row.duration_s)
        found[str(row.key)] = [
            Word(word.text, word.start - start, word.end - start)
            for word in words
            if word.start >= start and word.start < end
        ]
    return found


@dataclass(frozen=True)
class Example:
    """One clip: the encoder's input, and the label of each of its tokens (T,)."""

    inputs: torch.Tensor
    labels: torch.Tensor


class Labeller:
    """Numbers the words of a training split and labels tokens with them.

    Args:
        clips: the words of every clip.
        parts: equal parts of a word that have labels of their own. Where a token sees little
            around itself, "the first third of set" is a better name for it than "set".
    """

    def __init__(self, clips: Iterable[Sequence[Word]], parts: int = 1):
        self.parts = parts
        self.numbers = {
            word: number
            for number, word in enumerate(sorted({w.text for clip in clips for w in clip}), start=1)
        }

    def __len__(self) -> int:
        return len(self.numbers) * self.parts + 1

    def label(self, words: Sequence[Word], tokens: int, rate_hz: int) -> torch.Tensor:
        """Labels (tokens,): the word at each token's centre, ``SILENCE`` where there is none."""
        labels = torch.full((tokens,), SILENCE)
        for word in words:
            if word.text not in self.numbers:
                continue
            first, last = (round(time * rate_hz) for time in (word.start, word.end))
            part = torch.arange(last - first) * self.parts // max(last - first, 1)
            kept = slice(max(first, 0), min(last, tokens))
            numbers = 1 + (self.numbers[word.text] - 1) * self.parts + part
            labels[kept] = numbers[kept.start - first :][: max(kept.stop - kept.start, 0)]
        return labels


Encode = Callable[[Sequence[Example]], torch.Tensor]
"""A batch of examples -> tokens (B, T, d), padded behind."""


def train_framewise(
    encoder: nn.Module,
    encode: Encode,
    head: nn.Linear,
    labels: Sequence[torch.Tensor],
    inputs: Callable[[int, int], torch.Tensor],
    settings: FramewiseSettings,
    seed: int,
) -> None:
    """Train ``encoder`` and a linear ``head`` by token-wise cross-entropy, AdamW, one-cycle rate.

    Args:
        encoder: the module whose parameters are trained; in eval mode afterwards.
        encode: runs it on a batch.
        head: from its tokens to labels.
        labels: of the tokens of each training clip, (T,).
        inputs: (epoch, number of a clip) -> what the encoder meets, augmented anew each epoch; made
            when it is asked for, as an epoch's together would take most of the memory.
        settings: how.
        seed: orders the batches.
    """
    parameters = [p for p in (*encoder.parameters(), *head.parameters()) if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=0.05)
    order = torch.Generator().manual_seed(seed)
    steps = math.ceil(len(labels) / settings.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=settings.epochs * steps, pct_start=0.1
    )
    weights = label_weights(labels, head.out_features)
    encoder.train()
    for epoch in range(settings.epochs):
        picks = torch.randperm(len(labels), generator=order).tolist()
        total = 0.0
        for first in range(0, len(picks), settings.batch):
            chosen = picks[first : first + settings.batch]
            batch = [Example(inputs(epoch, i), labels[i]) for i in chosen]
            scores = _scores(encode, head, batch)
            loss = F.cross_entropy(scores, torch.cat([e.labels for e in batch]), weight=weights)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, settings.clip)
            optimizer.step()
            schedule.step()
            total += loss.item()
        logging.info("epoch %d of %d: loss %.3f", epoch + 1, settings.epochs, total / steps)
    encoder.eval()


def label_weights(labels: Sequence[torch.Tensor], count: int) -> torch.Tensor:
    """Loss weights (count,), inverse to the root of each label's frequency, 1 on average.

    A letter of the alphabet is a twentieth as frequent as "please"; unweighted, the letters are
    learnt last.
    """
    counts = torch.bincount(torch.cat(list(labels)), minlength=count).clamp_min(1)
    weights = counts.float().rsqrt()
    return weights * counts.sum() / (weights * counts).sum()


@torch.inference_mode()
def tokens_right(encode: Encode, head: nn.Linear, examples: Iterable[Example]) -> float:
    """Share of tokens within words whose word is named rightly."""
    right = words = 0
    for example in examples:
        best, labels = _scores(encode, head, [example]).argmax(-1), example.labels
        right += int(((best == labels) & (labels != SILENCE)).sum())
        words += int((labels != SILENCE).sum())
    return right / words


def _scores(encode: Encode, head: nn.Linear, batch: Sequence[Example]) -> torch.Tensor:
    tokens = encode(batch)
    kept = [row[: len(example.labels)] for row, example in zip(tokens, batch, strict=True)]
    return head(torch.cat(kept))
