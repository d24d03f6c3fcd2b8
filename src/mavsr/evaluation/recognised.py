"""What a search says of an utterance: the n best transcripts, and how likely each part was."""

from collections.abc import Callable, Sequence

from mavsr.evaluation.beams import Ending
from mavsr.evaluation.hypotheses import Recognised

DIGITS = 3
"""Decimals that are kept of log-probabilities: what lies behind them depends on the batch."""

NEVER = -1e3
"""Log-probability of an utterance of which no hypothesis came to an end."""


def recognised(
    text_of: Callable[[list[int]], str], found: Sequence[Ending], count: int
) -> Recognised:
    """What is kept of a search.

    Args:
        text_of: from tokens to their text.
        found: the hypotheses of an utterance, best first; there may be none.
        count: transcripts that are kept at most.
    """
    if not found:
        return Recognised("", NEVER, [], [("", NEVER)])
    nbest: dict[str, float] = {}
    for hypothesis in found:
        nbest.setdefault(text_of(hypothesis.tokens), _sum(hypothesis.log_probabilities))
    best = list(nbest.items())[:count]
    return Recognised(*best[0], word_log_probabilities(text_of, found[0]), best)


def word_log_probabilities(text_of: Callable[[list[int]], str], hypothesis: Ending) -> list[float]:
    """Log-probability of each word of a hypothesis, as white space parts its text.

    A token belongs to the last word of the text that ends with it, so that pieces of a word, and
    bytes of a letter, are summed.
    """
    tokens, sums = hypothesis.tokens, [0.0] * len(text_of(hypothesis.tokens).split())
    for place, value in enumerate(hypothesis.log_probabilities[: len(tokens)]):
        words = len(text_of(tokens[: place + 1]).split())
        if sums:
            sums[min(max(words, 1), len(sums)) - 1] += value
    return [round(value, DIGITS) for value in sums]


def _sum(values: Sequence[float]) -> float:
    return round(sum(values), DIGITS)
