"""Word error rate with its uncertainty.

WER is the summed word edit distance over the summed reference words. Intervals resample utterances,
as errors of one sentence depend on each other. That sentences of one speaker do too, and that
another seed gives another model, they leave out (docs/methods.md).
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
        """95 % percentile bootstrap interval of the WER in %; see :func:`unresampled` too."""
        if (known := unresampled(self.errors, self.words)) is not None:
            return known
        draw = generator(seed, "bootstrap")
        picks = draw.integers(len(self.words), size=(BOOTSTRAP_SAMPLES, len(self.words)))
        rates = 100 * self.errors[picks].sum(axis=1) / self.words[picks].sum(axis=1)
        low, high = np.percentile(rates, [2.5, 97.5])
        return float(low), float(high)


def unresampled(errors: np.ndarray, words: np.ndarray) -> tuple[float, float] | None:
    """The 95 % interval in % where resampling would see one rate alone; None elsewhere.

    Of a single unit (utterance, speaker) nothing is known: NaN. Where no unit has an error, more
    than a share of them having one (one each, as it were) would show less than once in forty times
    (Clopper and Pearson, Biometrika 1934); where every word is wrong, so it is with right ones.

    Args:
        errors: (units,)
        words: (units,) in their references.
    """
    if len(words) < 2:
        return float("nan"), float("nan")
    reach = float(100 * len(words) * (1 - 0.025 ** (1 / len(words))) / words.sum())
    if not errors.any():
        return 0.0, reach
    if np.array_equal(errors, words):
        return max(0.0, 100.0 - reach), 100.0
    return None


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
