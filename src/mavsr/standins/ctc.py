"""Train a small encoder by CTC, so that its tokens say what is spoken.

The CTC head is thrown away afterwards: the encoder's own output is what the features stage caches.
"""

import logging
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from mavsr.evaluation.score import count_errors

BLANK = 0


@dataclass(frozen=True)
class CtcSettings:
    """Optimisation by CTC."""

    epochs: int
    learning_rate: float
    batch: int = 16
    """Clips in a batch."""
    clip: float = 5.0
    """Largest gradient norm."""


class Words:
    """The output units: blank, and every word of the training transcripts."""

    def __init__(self, texts: Iterable[str]):
        self.words = sorted({word for text in texts for word in text.split()})
        self._ids = {word: number for number, word in enumerate(self.words, start=1)}

    def __len__(self) -> int:
        return len(self.words) + 1

    def encode(self, text: str) -> torch.Tensor:
        """Unit numbers of a transcript made of known words."""
        return torch.tensor([self._ids[word] for word in text.split()])

    def decode(self, logits: torch.Tensor) -> str:
        """Best path through logits (T, units)."""
        best = torch.unique_consecutive(logits.argmax(-1)).tolist()
        return " ".join(self.words[unit - 1] for unit in best if unit != BLANK)


@dataclass(frozen=True)
class Example:
    """One training clip: encoder input and transcript."""

    inputs: torch.Tensor
    text: str
    tokens: int
    """Tokens that the encoder gives for it."""


Encode = Callable[[Sequence[Example]], torch.Tensor]
"""A batch of examples -> tokens (B, T, d), padded behind."""


def train_ctc(
    encoder: nn.Module,
    encode: Encode,
    dim: int,
    epoch_examples: Callable[[int], Sequence[Example]],
    settings: CtcSettings,
    seed: int,
) -> tuple[nn.Linear, Words]:
    """Train ``encoder`` with a linear CTC head by AdamW and a one-cycle rate.

    Args:
        encoder: the module whose parameters are trained.
        encode: runs it on a batch.
        dim: width d of its tokens.
        epoch_examples: the training examples of an epoch, whose augmentation may differ.
        settings: how.
        seed: orders the batches.

    Returns:
        the head and its units, to judge the encoder on held-out clips.
    """
    examples = epoch_examples(0)
    units = Words(example.text for example in examples)
    head = nn.Linear(dim, len(units))
    parameters = [p for p in (*encoder.parameters(), *head.parameters()) if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=0.05)
    total = settings.epochs * math.ceil(len(examples) / settings.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=total, pct_start=0.1
    )
    order = torch.Generator().manual_seed(seed)
    for epoch in range(settings.epochs):
        examples = epoch_examples(epoch)
        encoder.train()
        picks = torch.randperm(len(examples), generator=order).tolist()
        losses = []
        for first in range(0, len(picks), settings.batch):
            batch = [examples[i] for i in picks[first : first + settings.batch]]
            targets = [units.encode(example.text) for example in batch]
            scores = F.log_softmax(head(encode(batch)), dim=-1)
            loss = F.ctc_loss(
                scores.transpose(0, 1),
                pad_sequence(targets, batch_first=True),
                [example.tokens for example in batch],
                [len(target) for target in targets],
                zero_infinity=True,
            )
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, settings.clip)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        mean = sum(losses) / len(losses)
        logging.info("epoch %d of %d: CTC loss %.3f", epoch + 1, settings.epochs, mean)
    encoder.eval()
    return head, units


@torch.inference_mode()
def word_error_rate(
    encode: Encode, head: nn.Linear, units: Words, examples: Sequence[Example], batch: int = 16
) -> float:
    """WER in % of best-path decoding."""
    texts = []
    for first in range(0, len(examples), batch):
        chunk = examples[first : first + batch]
        logits = head(encode(chunk))
        texts += [units.decode(row[: e.tokens]) for row, e in zip(logits, chunk, strict=True)]
    return count_errors([example.text for example in examples], texts).wer
