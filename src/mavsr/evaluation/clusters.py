"""Intervals and tests over units that were drawn together: the speakers of a test set.

Sentences of one speaker are alike, so how a WER would have come out for other people is a question
about speakers. They are drawn with replacement, each with all its utterances. Plain percentiles of
so few draws are too narrow, so the bootstrap's standard error is made unbiased (G / (G - 1) for G
units) and multiplied by Student's quantile of G - 1 degrees of freedom; docs/methods.md has what
was simulated, and why utterances within a speaker are not drawn a second time.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

from mavsr.errors import InputError
from mavsr.evaluation.word_errors import BOOTSTRAP_SAMPLES, WordErrors, unresampled
from mavsr.seeds import generator

FEWEST_SPEAKERS = 6
"""Of fewer, nothing is said about speakers in general."""


@dataclass(frozen=True)
class Clusters:
    """Errors and reference words of a test set by unit; both arrays are (units,)."""

    names: tuple[str, ...]
    errors: np.ndarray
    words: np.ndarray

    @property
    def wer(self) -> float:
        """Word error rate in %."""
        return 100 * float(self.errors.sum() / self.words.sum())

    def interval(self, seed: int = 0) -> tuple[float, float]:
        """95 % interval of the WER in %, for other units of the same kind.

        Student's on the logarithm of the WER, which is more nearly symmetric and keeps the interval
        above zero. Half an error is added to each draw, so that one without errors has a logarithm.
        Where no word is wrong, or every one, see :func:`mavsr.evaluation.word_errors.unresampled`.
        """
        if (known := unresampled(self.errors, self.words)) is not None:
            return known
        counts = _draws(len(self.names), seed)
        logs = np.log((counts @ self.errors + 0.5) / (counts @ self.words))
        reach = stats.t.ppf(0.975, len(self.names) - 1) * np.sqrt(_unbiased(logs, self.names))
        return self.wer * float(np.exp(-reach)), self.wer * float(np.exp(reach))


def by_speaker(errors: WordErrors, speakers: Mapping[str, str]) -> Clusters | None:
    """Errors by speaker; None if too few are named for a statement about speakers.

    Args:
        errors: of a test set.
        speakers: key of an utterance -> speaker, as the manifest has it.
    """
    names = [speakers[key] for key in errors.keys]
    if not named(names) or len(set(names)) < FEWEST_SPEAKERS:
        return None
    return _summed(errors, names)


def named(speakers: Sequence[str]) -> bool:
    """Whether a corpus names the speakers of its utterances.

    Where nothing is known, every utterance is a speaker of its own.
    """
    return all(speakers) and len(set(speakers)) < len(speakers)


def by_utterance(errors: WordErrors) -> Clusters:
    """Every utterance as a unit of its own."""
    return _summed(errors, list(errors.keys))


def p_value(ours: Sequence[Clusters], theirs: Sequence[Clusters], seed: int = 0) -> float:
    """Two-sided p-value of "both systems have the same WER": Student's, on the mean difference.

    With one model on either side, for this pair of models and other units (speakers). With several
    seeds on both sides, for other seeds too: the variance of a system's mean over its seeds is
    added, and degrees of freedom are Welch and Satterthwaite's. Seeds of two systems are not
    paired, as one number draws other weights in each. What a seed does to single speakers is in
    both parts, which errs on the side of no difference.

    Args:
        ours: the system's models, one per seed.
        theirs: likewise of the baseline; the same units.
        seed: of the bootstrap.

    Returns:
        the p-value; NaN of a single unit.

    Raises:
        InputError: the units differ.
    """
    first = ours[0]
    for other in (*ours, *theirs):
        if odd := set(other.names) ^ set(first.names):
            raise InputError(
                f"{min(odd)} was not transcribed by all of the systems, so they cannot be compared;"
                " decode all on the same split"
            )
        if other.names != first.names or not np.array_equal(other.words, first.words):
            raise InputError("systems were scored against other references; decode them again")
    if len(first.names) < 2:
        return float("nan")
    difference = np.mean([c.errors for c in ours], axis=0) - np.mean(
        [c.errors for c in theirs], axis=0
    )
    counts = _draws(len(first.names), seed)
    drawn = 100 * (counts @ difference) / (counts @ first.words)
    parts = [(_unbiased(drawn, first.names), len(first.names) - 1)]
    for models in (ours, theirs):
        if len(models) > 1:
            rates = [model.wer for model in models]
            parts.append((float(np.var(rates, ddof=1)) / len(rates), len(rates) - 1))
    variance = sum(part for part, _ in parts)
    distance = 100 * abs(float(difference.sum())) / first.words.sum()
    if not variance:
        return float(distance == 0)
    freedom = variance**2 / sum(part**2 / own for part, own in parts)
    return float(2 * stats.t.sf(distance / np.sqrt(variance), freedom))


def _summed(errors: WordErrors, names: Sequence[str]) -> Clusters:
    totals: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(2, int))
    for name, *both in zip(names, errors.errors, errors.words, strict=True):
        totals[name] += both
    ordered = sorted(totals)
    return Clusters(tuple(ordered), *np.array([totals[name] for name in ordered]).T)


@lru_cache(maxsize=4)
def _draws(units: int, seed: int) -> np.ndarray:
    """(samples, units): how often each unit is drawn; kept, as files of one test set share it."""
    draw = generator(seed, "bootstrap of clusters")
    return draw.multinomial(units, np.full(units, 1 / units), BOOTSTRAP_SAMPLES)


def _unbiased(drawn: np.ndarray, units: Sequence[str]) -> float:
    """Variance over draws; the bootstrap's own is too small by (G - 1) / G."""
    return float(np.var(drawn)) * len(units) / (len(units) - 1)
