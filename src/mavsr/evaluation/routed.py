"""Adaptive rates: decode at a coarse scale, and again at the finest where that is unsure.

Both transcripts of every utterance are known, so a threshold's WER and FLOPs are counted, not
estimated: an utterance whose confidence is below the threshold costs both scales.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mavsr.evaluation.confidence import log_probabilities
from mavsr.evaluation.hypotheses import Hypotheses
from mavsr.evaluation.word_errors import WordErrors


@dataclass(frozen=True)
class Pass:
    """What a model made of a split at one scale; all arrays are (utterances,), in one order."""

    errors: WordErrors
    tflops: np.ndarray
    """Of the LLM for the tokens before the transcript."""
    confidences: np.ndarray
    """Log-probabilities of the transcripts."""


@dataclass(frozen=True)
class Routed:
    """A split decoded adaptively at one threshold."""

    threshold: float
    """Log-probability below which an utterance was decoded again."""
    errors: WordErrors
    refined: float
    """Share of the utterances that were decoded again."""
    tflops: float
    """Per utterance, mean, both passes counted."""


def read_pass(content: Hypotheses, errors: WordErrors) -> Pass:
    """A pass from its hypotheses and their word errors, whose keys are in the same order."""
    each = content.sidecar["tflops"] / content.sidecar["tokens"]
    tokens = np.array([content.tokens[key] for key in errors.keys], float)
    return Pass(errors, each * tokens, np.array(log_probabilities(content)))


def route(coarse: Pass, fine: Pass, threshold: float) -> Routed:
    """Decode by ``coarse``, and by ``fine`` what is less sure than ``threshold``."""
    again = coarse.confidences < threshold
    a, b = coarse.errors, fine.errors
    picked = {
        name: np.where(again, getattr(b, name), getattr(a, name))
        for name in ("substitutions", "deletions", "insertions")
    }
    tflops = coarse.tflops + np.where(again, fine.tflops, 0.0)
    errors = WordErrors(a.keys, **picked, words=a.words)
    return Routed(threshold, errors, float(again.mean()), float(tflops.mean()))


def thresholds(coarse: Pass) -> Iterator[float]:
    """Every threshold that makes a difference, from refining nothing to refining everything."""
    yield float("-inf")
    yield from sorted(set(np.nextafter(coarse.confidences, np.inf).tolist()))


def choose(coarse: Pass, fine: Pass, tolerance: float) -> float:
    """The threshold that refines least among those that cost at most ``tolerance`` points of WER.

    Args:
        coarse: of the validation split.
        fine: likewise.
        tolerance: points of WER above that of ``fine`` alone.
    """
    bound = fine.errors.wer + tolerance + 1e-9
    # The last one refines everything, which is the finest scale itself.
    return next(t for t in thresholds(coarse) if route(coarse, fine, t).errors.wer <= bound)
