"""How sure to be of a transcript: probabilities calibrated on validation, and what they are worth.

A beam's own log-probability orders utterances well but is no probability of being right: models are
surer than they should be. Two numbers, fitted on the validation split, turn one into the other
(Platt, Advances in Large Margin Classifiers, 1999); they change no order.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from mavsr.evaluation.hypotheses import Hypotheses

CERTAIN = 1e-3
"""What a probability is kept away from 0 and 1; log-probabilities are written to three decimals."""


@dataclass(frozen=True)
class Calibration:
    """From a log-probability to a probability of being right.

    p(right) = sigmoid(slope * logit(exp(log-probability)) + intercept).
    """

    slope: float
    intercept: float

    def probability(self, log_probabilities: Sequence[float] | np.ndarray) -> np.ndarray:
        """Calibrated probabilities, one for each log-probability."""
        return expit(self.slope * _logit(log_probabilities) + self.intercept)


def calibrate(log_probabilities: Sequence[float], right: Sequence[bool]) -> Calibration:
    """Fit a calibration by maximum likelihood.

    As Platt does, the two classes aim at (n + 1) / (n + 2) and 1 / (n + 2), so that a split
    without any error, or without anything right, gives a calibration too.

    Args:
        log_probabilities: of words, or of whole transcripts.
        right: whether each was right.
    """
    x, is_right = _logit(log_probabilities), np.asarray(right, bool)
    hits = int(is_right.sum())
    aims = np.where(is_right, (hits + 1) / (hits + 2), 1 / (len(x) - hits + 2))

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        z = parameters[0] * x + parameters[1]
        value = -(aims * log_expit(z) + (1 - aims) * log_expit(-z)).sum()
        off = expit(z) - aims
        return float(value), np.array([(off * x).sum(), off.sum()])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS")
    return Calibration(float(found.x[0]), float(found.x[1]))


def _logit(log_probabilities: Sequence[float] | np.ndarray) -> np.ndarray:
    p = np.clip(np.exp(np.asarray(log_probabilities, float)), CERTAIN, 1 - CERTAIN)
    return np.log(p) - np.log1p(-p)


def reliability(
    probabilities: np.ndarray, right: np.ndarray, bins: int = 10
) -> list[tuple[float, float, int]]:
    """(mean probability, share that was right, how many) of bins of like size, by probability.

    Args:
        probabilities: calibrated or not, (n,).
        right: whether each was right, (n,).
        bins: their number; there are no more than values.
    """
    order = np.argsort(probabilities, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, len(order))) if len(part)]
    return [
        (float(probabilities[part].mean()), float(right[part].mean()), len(part)) for part in parts
    ]


def calibration_error(bins: Sequence[tuple[float, float, int]]) -> float:
    """Expected calibration error: mean distance of probability and share, over all values."""
    return sum(abs(p - share) * n for p, share, n in bins) / sum(n for *_, n in bins)


def risk_coverage(
    confidences: np.ndarray, errors: np.ndarray, words: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Share of the utterances that are kept, the surest first, and their WER in %.

    Utterances of one confidence come in the order given.

    Args:
        confidences: of utterances, (n,).
        errors: of each, (n,).
        words: of each reference, (n,).

    Returns:
        (n,) coverages 1/n to 1, and (n,) rates.
    """
    order = np.argsort(-confidences, kind="stable")
    coverage = np.arange(1, len(order) + 1) / len(order)
    return coverage, 100 * errors[order].cumsum() / words[order].cumsum()


def area(rates: np.ndarray) -> float:
    """Area under the risk-coverage curve, in % WER: its mean over all coverages."""
    return float(rates.mean())


def log_probabilities(content: Hypotheses) -> list[float]:
    """Of the transcripts, in the order of the references; minus infinity where none is written."""
    return [
        content.found[key].log_probability if key in content.found else -math.inf
        for key in content.references
    ]
