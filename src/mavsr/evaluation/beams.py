"""Beam search and beam sampling over a batch of utterances, each as if it were alone.

The rules are those of Hugging Face's ``generate`` with its default settings: scores are divided by
length, and a search ends when what is alive could no longer win. What is asked of the alive has
changed. transformers 5 takes the best hypothesis that goes on, as is done here. 4.43, which the
papers' public code calls, takes the best candidate of the step, those that end included, and so
goes on for longer at times; and it sorts what it drew by score before it lets the first half end.
``old`` asks for that (``numerics: authors``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from mavsr.errors import InputError
from mavsr.evaluation.settings import SamplingSettings
from mavsr.evaluation.token_tree import TokenTree

Choose = Callable[
    [torch.Tensor, torch.Tensor, int, Sequence[int]], tuple[torch.Tensor, torch.Tensor]
]
"""(logits (B, leaves, vocabulary), scores (B, leaves), count, numbers of the utterances) ->
scores of the chosen continuations, in the order of choice, and their places among leaves times
vocabulary, both (B, count)."""


def best(
    logits: torch.Tensor, scores: torch.Tensor, count: int, utterances: Sequence[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """The ``count`` likeliest continuations: plain beam search."""
    totals = scores[..., None] + logits.log_softmax(dim=-1)
    chosen = totals.flatten(1).topk(count)
    return chosen.values, chosen.indices


class Sampler:
    """Continuations drawn without replacement, likelier ones more often: beam sampling.

    Each utterance has random numbers of its own, so what is drawn for it depends on nothing else in
    its batch. Drawing the ``count`` largest of score - log(exponential noise) is drawing without
    replacement in proportion to exp(score) (Gumbel top-k; Kool et al., ICML 2019).

    Args:
        seeds: one per utterance.
        sampling: temperature, top-k and top-p, applied in this order. Two tokens at least can be
            drawn, so that a hypothesis can both end and go on.
        device: where the random numbers are drawn.
        old: return what was drawn by falling score, as transformers 4.43 did.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        sampling: SamplingSettings,
        device: torch.device,
        old: bool = False,
    ):
        self._old = old
        self._draws = [torch.Generator(device=device).manual_seed(seed) for seed in seeds]
        bounded = [TopKLogitsWarper(sampling.top_k, min_tokens_to_keep=2)] if sampling.top_k else []
        self._warp = (
            TemperatureLogitsWarper(sampling.temperature),
            *bounded,
            TopPLogitsWarper(sampling.top_p, min_tokens_to_keep=2),
        )

    def __call__(
        self, logits: torch.Tensor, scores: torch.Tensor, count: int, utterances: Sequence[int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw; the arguments are those of :data:`Choose`."""
        warped = logits.log_softmax(dim=-1).flatten(0, 1)
        for warp in self._warp:
            warped = warp(None, warped)  # neither looks at past tokens
        totals = (scores[..., None] + warped.view_as(logits)).flatten(1)
        noise = torch.empty_like(totals)
        for row, utterance in zip(noise, utterances, strict=True):
            row.exponential_(generator=self._draws[utterance])
        drawn = (totals - noise.clamp(min=1e-30).log()).topk(count).indices
        values = totals.gather(1, drawn)
        if not self._old:
            return values, drawn
        order = values.argsort(dim=1, descending=True, stable=True)
        return values.gather(1, order), drawn.gather(1, order)


class Ending(NamedTuple):
    """A hypothesis that has come to an end.

    Attributes:
        score: mean log-probability of its tokens, the end token included: by it they are ranked.
        tokens: its tokens, without the end token.
        log_probabilities: natural logarithm of each token's probability given those before it; of
            the end too, where it was reached. Under a :class:`Sampler` the probability by which
            tokens are drawn.
    """

    score: float
    tokens: list[int]
    log_probabilities: list[float]


@dataclass
class _Ended:
    """The best hypotheses of an utterance that have come to an end, best first."""

    room: int
    best: list[Ending] = field(default_factory=list)

    def add(self, ending: Ending) -> None:
        self.best = sorted([*self.best, ending], key=lambda one: -one.score)[: self.room]

    def beats(self, score: float) -> bool:
        """Whether no hypothesis of ``score`` would still find room."""
        return len(self.best) == self.room and self.best[-1].score >= score


def beam_search(
    tree: TokenTree,
    end: int,
    beams: int,
    max_new_tokens: int,
    choose: Choose,
    old: bool = False,
) -> list[list[int]]:
    """The best continuation of every utterance, without the end token; see :func:`endings`."""
    searched = endings(tree, end, beams, max_new_tokens, choose, old)
    return [found[0].tokens if found else [] for found in searched]


def endings(
    tree: TokenTree,
    end: int,
    beams: int,
    max_new_tokens: int,
    choose: Choose,
    old: bool = False,
) -> list[list[Ending]]:
    """The continuations of every utterance that came to an end, best first, ``beams`` at most.

    Args:
        tree: the utterances' prefixes, before any token.
        end: the token that ends a transcript.
        beams: hypotheses that are kept.
        max_new_tokens: where every hypothesis ends at the latest.
        choose: how continuations are chosen: :func:`best`, or a :class:`Sampler`.
        old: end as transformers 4.43 did. For one beam it searched greedily, which ends as ours.

    Raises:
        InputError: the vocabulary has no two tokens for each of so many hypotheses.
    """
    device, batch, vocabulary = tree.logits.device, len(tree.logits), tree.logits.shape[2]
    if 2 * beams > vocabulary:
        raise InputError(
            f"decoding.beams is {beams}; the LLM's vocabulary of {vocabulary} tokens allows "
            f"{vocabulary // 2} at most"
        )
    ended = [_Ended(beams) for _ in range(batch)]
    alive, zero = list(range(batch)), torch.zeros(1, device=device)
    scores = torch.zeros(batch, 1, device=device)
    tokens = torch.zeros(batch, 1, 0, dtype=torch.long, device=device)
    sums = torch.zeros(batch, 1, 0, device=device)  # of log-probabilities up to each token
    for length in range(1, max_new_tokens + 1):
        totals, flat = choose(tree.logits, scores, 2 * beams, alive)
        parents, added = flat // vocabulary, flat % vocabulary
        grown = tokens.gather(1, parents[..., None].expand(-1, -1, tokens.shape[2]))
        grown = torch.cat([grown, added[..., None]], dim=2)
        past = sums.gather(1, parents[..., None].expand(-1, -1, sums.shape[2]))
        past = torch.cat([past, totals[..., None]], dim=2)
        over = (added == end) | (length == max_new_tokens)
        # Only the first half may end: the rest is there so that enough hypotheses can go on.
        for row, place in over[:, :beams].nonzero().tolist():
            score = float(totals[row, place]) / length
            if score > float("-inf"):
                found, steps = grown[row, place].tolist(), past[row, place].diff(prepend=zero)
                found = found[:-1] if found[-1] == end else found
                ended[alive[row]].add(Ending(score, found, steps.tolist()))
        scores, going = totals.masked_fill(over, float("-inf")).topk(beams)
        tokens = grown.gather(1, going[..., None].expand(-1, -1, length))
        sums = past.gather(1, going[..., None].expand(-1, -1, length))
        hoped_for = totals.amax(dim=1) if old and beams > 1 else scores[:, 0]
        reach = (hoped_for / length).tolist()
        rows = [r for r, u in enumerate(alive) if not ended[u].beats(reach[r])]
        if length == max_new_tokens or not rows:
            break
        if len(rows) < len(alive):
            kept = torch.tensor(rows, device=device)
            tree.keep(kept)
            scores, tokens, sums = scores[kept], tokens[kept], sums[kept]
            parents, going = parents[kept], going[kept]
            alive = [alive[row] for row in rows]
        tree.extend(parents.gather(1, going), tokens[..., -1])
    return [one.best for one in ended]
