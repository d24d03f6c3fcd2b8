"""Word error rate with its uncertainty, and whether two systems differ.

WER is the summed word edit distance over the summed reference words. Intervals and p-values
resample utterances, as errors of one sentence depend on each other. That sentences of one speaker
do too, and that another seed gives another model, they leave out (docs/methods.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jiwer
import numpy as np

from mavsr.errors import InputError
from mavsr.seeds import generator

BOOTSTRAP_SAMPLES = 2000


@dataclass(frozen=True)
class WordErrors:
    """Errors of a test set, utterance by utterance; all arrays are (utterances,)."""

    keys: tuple[str, ...]
    substitutions: np.ndarray
    deletions: np.ndarray
    insertions: np.ndarray
    words: np.ndarray
    """Words in the reference."""

    @property
    def errors(self) -> np.ndarray:
        """Substitutions, deletions and insertions together."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def wer(self) -> float:
        """Word error rate in %."""
        return 100 * float(self.errors.sum() / self.words.sum())

    def interval(self, seed: int = 0) -> tuple[float, float]:
        """95 % percentile bootstrap interval of the WER in %; of no errors see :func:`at_most`."""
        if not self.errors.any():
            return 0.0, at_most(len(self.words), self.words.sum())
        picks = self._resamples(seed)
        rates = 100 * self.errors[picks].sum(axis=1) / self.words[picks].sum(axis=1)
        low, high = np.percentile(rates, [2.5, 97.5])
        return float(low), float(high)

    def p_value(self, baseline: "WordErrors", seed: int = 0) -> float:
        """Two-sided p-value of the paired bootstrap: how often resampling turns the sign around.

        Both systems are resampled together, utterance by utterance, as their errors on one sentence
        go together (Bisani and Ney, ICASSP 2004). The smallest value is 2 / (samples + 1).

        Raises:
            InputError: the systems transcribed different utterances.
        """
        order = {key: place for place, key in enumerate(baseline.keys)}
        if odd := set(self.keys) ^ set(order):
            raise InputError(
                f"utterance {min(odd)} was not transcribed by both systems, so they cannot be "
                "compared; decode both on the same split"
            )
        theirs = baseline.errors[[order[key] for key in self.keys]]
        differences = (self.errors - theirs)[self._resamples(seed)].sum(axis=1)
        fewest = min((differences <= 0).sum(), (differences >= 0).sum())
        return float(min(1.0, 2 * (fewest + 1) / (BOOTSTRAP_SAMPLES + 1)))

    def _resamples(self, seed: int) -> np.ndarray:
        draw = generator(seed, "bootstrap")
        return draw.integers(len(self.words), size=(BOOTSTRAP_SAMPLES, len(self.words)))


def at_most(units: int, words: int) -> float:
    """Upper end of a 95 % interval in % where no unit (utterance, speaker) has an error.

    Resampling knows no error that it has not seen. If more than this share of units had an error
    (one each, as it were), all would come out right less than once in forty times (Clopper and
    Pearson, Biometrika 1934).

    Args:
        units: drawn units.
        words: in their references.
    """
    return float(100 * units * (1 - 0.025 ** (1 / units)) / words)


def count_errors(
    references: dict[str, str],
    hypotheses: dict[str, str],
    normalise: Callable[[str], str] = str.lower,
) -> WordErrors:
    """Word errors of every utterance, by key.

    Args:
        references: key -> what was said.
        hypotheses: key -> what was recognised; the same keys.
        normalise: applied to both before they are split at white space.

    Raises:
        InputError: keys differ, or a reference is empty.
    """
    if odd := set(references) ^ set(hypotheses):
        raise InputError(f"utterance {min(odd)} does not have both a reference and a hypothesis")
    said = [" ".join(normalise(text).split()) for text in references.values()]
    heard = [" ".join(normalise(hypotheses[key]).split()) for key in references]
    for key, text in zip(references, said, strict=True):
        if not text:
            when = " once normalised" if references[key].strip() else ""
            raise InputError(
                f"the reference of {key} is empty{when}, so its error rate is undefined; correct "
                "its transcript or leave the clip out"
            )
    counts = [_counts(*pair) for pair in zip(said, heard, strict=True)]
    return WordErrors(tuple(references), *np.array(counts).reshape(-1, 4).T)


def _counts(said: str, heard: str) -> Sequence[int]:
    found = jiwer.process_words(said, heard)
    return found.substitutions, found.deletions, found.insertions, len(said.split())
