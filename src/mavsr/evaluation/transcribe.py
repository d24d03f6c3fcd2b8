"""Transcribe utterances with a model at one scale, and fill batches for it."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch

from mavsr.evaluation.beams import Ending, Sampler, best, endings
from mavsr.evaluation.hypotheses import Recognised
from mavsr.evaluation.recognised import recognised, word_log_probabilities
from mavsr.evaluation.settings import DecodingSettings
from mavsr.evaluation.token_tree import TokenTree
from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.model.scales import Scale
from mavsr.numerics import numerics_of
from mavsr.seeds import derive_seed


class Hypothesis(NamedTuple):
    """What an utterance is taken to say.

    Attributes:
        text: the transcript.
        confidence: geometric mean of the probabilities that the LLM gave to its tokens, EOS
            included, in [0, 1]. It orders transcripts of one model; it is no share of right words.
        words: probability of each word, as white space parts the text, after the words before it;
            the product over its tokens, uncalibrated.
    """

    text: str
    confidence: float
    words: tuple[float, ...] = ()


def transcribe(
    model: MatryoshkaModel,
    utterances: Sequence[Utterance],
    scale: Scale,
    decoding: DecodingSettings,
) -> list[str]:
    """Transcripts of a batch, each the same as if the utterance were decoded alone."""
    return [found.text for found in hypotheses(model, utterances, scale, decoding)]


@torch.inference_mode()
def hypotheses(
    model: MatryoshkaModel,
    utterances: Sequence[Utterance],
    scale: Scale,
    decoding: DecodingSettings,
) -> list[Hypothesis]:
    """Transcripts of a batch with the model's confidence in each; see :func:`transcribe`."""
    searched = _search(model, utterances, scale, decoding)
    return [
        _hypothesis(model.text, found[0]) if found else Hypothesis("", 0.0) for found in searched
    ]


def _hypothesis(text_of: Callable[[list[int]], str], best: Ending) -> Hypothesis:
    words = (min(1.0, math.exp(value)) for value in word_log_probabilities(text_of, best))
    return Hypothesis(text_of(best.tokens), min(1.0, math.exp(best.score)), tuple(words))


@torch.inference_mode()
def recognise(
    model: MatryoshkaModel,
    utterances: Sequence[Utterance],
    scale: Scale,
    decoding: DecodingSettings,
) -> list[Recognised]:
    """The same transcripts with all that the search says of them; see :class:`Recognised`."""
    searched = _search(model, utterances, scale, decoding)
    return [recognised(model.text, found, decoding.nbest) for found in searched]


def _search(
    model: MatryoshkaModel,
    utterances: Sequence[Utterance],
    scale: Scale,
    decoding: DecodingSettings,
) -> list[list[Ending]]:
    old = numerics_of(model.settings.numerics).old_beams
    model.adapter.activate(scale)
    tree = TokenTree(model.llm, model.prefixes(utterances, scale))
    choose = best
    if decoding.profile == "paper":
        sampling = decoding.sampling
        seeds = [derive_seed(sampling.seed, "decoding", u.key) for u in utterances]
        choose = Sampler(seeds, sampling, tree.logits.device, old)
    end = model.tokenizer.eos_token_id
    return endings(tree, end, decoding.beams, decoding.max_new_tokens, choose, old)


def plan_batches(prefix_tokens: Mapping[str, int], decoding: DecodingSettings) -> list[list[str]]:
    """Keys in batches of like length that keep within ``batch_tokens``.

    An utterance that exceeds it alone is a batch of its own.

    Args:
        prefix_tokens: key -> tokens before its transcript.
        decoding: gives the budget.
    """
    grows_by = decoding.beams * decoding.max_new_tokens
    batches: list[list[str]] = []
    # Longest first: what does not fit in memory fails at once, and the length of a batch is its
    # first clip's.
    for key in sorted(prefix_tokens, key=lambda key: (-prefix_tokens[key], key)):
        if batches:
            each = prefix_tokens[batches[-1][0]] + grows_by
            if each * (len(batches[-1]) + 1) <= decoding.batch_tokens:
                batches[-1].append(key)
                continue
        batches.append([key])
    return batches
