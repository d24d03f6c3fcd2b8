"""Word error rate with its uncertainty, from hypothesis files alone.

WER is the summed word edit distance over the summed reference words, after lower-casing and
splitting at white space: no other normalisation, as in the public code of Llama-AVSR.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jiwer
import numpy as np

from mavsr.errors import InputError
from mavsr.seeds import generator

BOOTSTRAP_SAMPLES = 2000


@dataclass(frozen=True)
class WordErrors:
    """Errors of a test set, utterance by utterance."""

    errors: np.ndarray
    """(utterances,) substitutions + deletions + insertions."""
    words: np.ndarray
    """(utterances,) words in the reference."""

    @property
    def wer(self) -> float:
        """Word error rate in %."""
        return 100 * float(self.errors.sum() / self.words.sum())

    def interval(self, seed: int = 0) -> tuple[float, float]:
        """95 % percentile bootstrap interval of the WER in %, resampling utterances."""
        draw = generator(seed, "bootstrap")
        picks = draw.integers(len(self.words), size=(BOOTSTRAP_SAMPLES, len(self.words)))
        rates = 100 * self.errors[picks].sum(axis=1) / self.words[picks].sum(axis=1)
        low, high = np.percentile(rates, [2.5, 97.5])
        return float(low), float(high)


def count_errors(references: Sequence[str], hypotheses: Sequence[str]) -> WordErrors:
    """Word errors of each (reference, hypothesis) pair.

    Raises:
        InputError: a reference is empty.
    """
    errors, words = [], []
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        if not reference.split():
            raise InputError("a reference is empty, so its error rate is undefined")
        result = jiwer.process_words(
            " ".join(reference.lower().split()), " ".join(hypothesis.lower().split())
        )
        errors.append(result.substitutions + result.deletions + result.insertions)
        words.append(result.hits + result.substitutions + result.deletions)
    return WordErrors(np.array(errors), np.array(words))


def score_file(hypotheses: Path) -> WordErrors:
    """Word errors of a file of JSON lines with key, reference and hypothesis.

    Raises:
        InputError: the file is missing, a line is not such an object, a key occurs twice, or a
            reference is empty.
    """
    if not hypotheses.is_file():
        raise InputError(f"{hypotheses} does not exist; run `snakemake {hypotheses}`")
    references: dict[str, str] = {}
    texts = []
    # Not splitlines(): a hypothesis may hold characters that it takes for ends of lines.
    lines = hypotheses.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            entry = json.loads(line)
            key, reference, text = entry["key"], entry["reference"], entry["hypothesis"]
            if not all(isinstance(value, str) for value in (key, reference, text)):
                raise TypeError("a value is not a string")
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(
                f"{hypotheses}, line {number}: not a hypothesis ({error!r}); remove the file and "
                "run snakemake again"
            ) from error
        if key in references:
            raise InputError(f"{hypotheses}: {key} occurs twice")
        references[key] = reference
        texts.append(text)
    if not texts:
        raise InputError(f"{hypotheses} holds no hypothesis")
    try:
        return count_errors(list(references.values()), texts)
    except InputError as error:
        raise InputError(f"{hypotheses}: {error}") from error
