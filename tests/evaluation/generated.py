"""Made-up test sets whose true WER is known: the generator that docs/methods.md describes.

A speaker's error rate is drawn around :data:`TRUTH`: lognormal or Beta, with a given coefficient
of variation. A speaker has 10 to 29 utterances (or 5 to 14) of 3 to 9 words. An utterance's own
rate is Beta around its speaker's, and its errors are binomial.
"""

import numpy as np

from mavsr.evaluation.clusters import Clusters
from mavsr.evaluation.word_errors import WordErrors

TRUTH = 0.14
SPREAD = 8.0
"""Sum of the parameters of an utterance's Beta; the smaller, the more utterances differ."""


def speaker_rates(draw, speakers, variation, kind="lognormal"):
    """(speakers,) error rates with mean TRUTH and this coefficient of variation."""
    if kind == "beta":
        total = TRUTH * (1 - TRUTH) / (variation * TRUTH) ** 2 - 1
        return draw.beta(TRUTH * total, (1 - TRUTH) * total, speakers)
    return TRUTH * lognormal(draw, variation, speakers)


def lognormal(draw, variation, count=None):
    """Factors with mean 1."""
    sigma = np.sqrt(np.log(1 + variation**2))
    return np.exp(sigma * draw.standard_normal(count) - sigma**2 / 2)


def utterances(draw, speakers, most=30):
    """Speaker and words of each utterance; speakers have a third of ``most`` to ``most`` each."""
    speaker = np.repeat(np.arange(speakers), draw.integers(most // 3, most, speakers))
    return speaker, draw.integers(3, 10, len(speaker))


def errors_of(draw, rates, speaker, words):
    """Errors of each utterance."""
    mean = np.clip(rates[speaker], 1e-6, 0.95)
    return draw.binomial(words, draw.beta(SPREAD * mean, SPREAD * (1 - mean)))


def by_utterance(speaker, errors, words):
    """What scoring counts, and whose utterance each is."""
    keys = tuple(f"clip{n:05}" for n in range(len(words)))
    none = np.zeros(len(words), int)
    found = WordErrors(keys, errors, none, none, words)
    return found, dict(zip(keys, (f"s{n:03}" for n in speaker), strict=True))


def clusters(speaker, errors, words):
    """The same by speaker."""
    count = speaker.max() + 1
    names = tuple(f"s{n:03}" for n in range(count))
    return Clusters(names, np.bincount(speaker, errors, count), np.bincount(speaker, words, count))
