"""Calibration and risk-coverage, on numbers whose answers are known."""

import numpy as np
import pytest
from scipy.special import expit, logit

from mavsr.evaluation.confidence import (
    CERTAIN,
    area,
    calibrate,
    calibration_error,
    reliability,
    risk_coverage,
)


def drawn(slope, intercept, count=20_000):
    """Log-probabilities, and whether each was right by a known calibration."""
    random = np.random.default_rng(0)
    p = random.uniform(0.02, 0.98, count)
    right = random.uniform(size=count) < expit(slope * logit(p) + intercept)
    return np.log(p), right


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.5, -1.0), (2.0, 0.7)])
def test_a_calibration_is_found_and_makes_probabilities_true(slope, intercept):
    values, right = drawn(slope, intercept)
    found = calibrate(values, right)
    assert found.slope == pytest.approx(slope, abs=0.06)
    assert found.intercept == pytest.approx(intercept, abs=0.06)
    assert calibration_error(reliability(found.probability(values), right)) < 0.012
    raw = calibration_error(reliability(np.exp(values), right))
    assert raw < 0.012 if (slope, intercept) == (1.0, 0.0) else raw > 0.05


@pytest.mark.parametrize("right", [True, False])
def test_a_split_with_one_outcome_gives_neither_certainty_nor_an_error(right):
    found = calibrate([-0.1, -0.5, -0.01, -2.0], [right] * 4)
    p = found.probability([-0.05])[0]
    assert 0.6 < p < 1 if right else 0 < p < 0.4


def test_certain_and_impossible_transcripts_have_finite_confidence():
    found = calibrate([0.0, -0.1, -5.0, -np.inf], [True, True, False, False])
    assert np.isfinite(found.probability([0.0, -np.inf, np.log(CERTAIN) - 1])).all()
    assert found.probability([0.0])[0] > found.probability([-np.inf])[0]


def test_bins_of_reliability_hold_every_value_once():
    p = np.array([0.1, 0.9, 0.2, 0.8, 0.3])
    right = np.array([False, True, False, True, True])
    assert reliability(p, right, 2) == [
        (pytest.approx(0.2), pytest.approx(1 / 3), 3),
        (pytest.approx(0.85), 1.0, 2),
    ]
    assert len(reliability(p, right, 10)) == 5
    assert calibration_error([(0.5, 0.7, 1), (0.9, 0.9, 3)]) == pytest.approx(0.05)


def test_risk_is_the_rate_of_those_kept_and_a_good_order_has_less_area():
    errors, words = np.array([0, 2, 1, 0]), np.array([4, 4, 2, 10])
    coverage, rates = risk_coverage(np.array([0.9, 0.1, 0.3, 0.5]), errors, words)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert rates.tolist() == pytest.approx([0, 0, 100 / 16, 300 / 20])
    _, worse = risk_coverage(np.array([0.1, 0.9, 0.5, 0.3]), errors, words)
    assert worse[-1] == rates[-1]
    assert area(worse) > area(rates)
