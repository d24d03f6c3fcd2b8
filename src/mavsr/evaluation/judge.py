"""Command: how far confidence can be trusted, once it is calibrated on validation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mavsr.command import run_command
from mavsr.config.scoring import ScoringSettings
from mavsr.evaluation.alignment import align
from mavsr.evaluation.both_splits import ABOUT, Counted, Decoded, read_models
from mavsr.evaluation.confidence import (
    area,
    calibrate,
    calibration_error,
    log_probabilities,
    reliability,
    risk_coverage,
)
from mavsr.tables import write_csv

COLUMNS = {
    **dict.fromkeys(ABOUT, "as in wer.csv"),
    "scale": "such as a4_v2",
    "unit": "utterance or word",
    "curve": "reliability (x: mean probability, y: share that was right) or "
    "risk (x: share of utterances that is kept, y: their WER in %)",
    "x": "see curve",
    "y": "see curve",
    "count": "values in a bin of reliability",
    "slope": "of the calibration",
    "intercept": "of the calibration",
    "error": "expected calibration error of the test split, and before calibration: raw_error",
    "raw_error": "see error",
    "area": "under the risk-coverage curve of the test split, % WER; of utterances alone",
}
POINTS = 50
"""Points that a curve of risk keeps at most."""


def judge(
    hypotheses: list[Path], validation: list[Path], output: Path, scoring: ScoringSettings
) -> None:
    """Write ``output`` (CSV, columns as in ``COLUMNS``), of the test split.

    Args:
        hypotheses: ``.../<model>/clean/<scale>.jsonl`` of the test split.
        validation: ``.../<model>/val/<scale>.jsonl``, on which the calibration is fitted.
        output: the table.
        scoring: how words are counted.

    Raises:
        InputError: hypotheses are missing or damaged.
    """
    rows: list[dict[str, Any]] = []
    for scales in read_models(hypotheses, validation, scoring):
        for one in scales:
            about = {**one.about, "scale": one.scale.name}
            rows += [{**about, **row} for row in [*_utterances(one), *_words(one)]]
    write_csv(output, pd.DataFrame(rows, columns=list(COLUMNS)))


def _utterances(one: Decoded) -> Iterator[dict[str, Any]]:
    values = {split: log_probabilities(getattr(one, split).content) for split in ("val", "test")}
    right = {split: getattr(one, split).errors.errors == 0 for split in values}
    for row in _reliability(values, right):
        yield {"unit": "utterance", **row}
    errors = one.test.errors
    coverage, rates = risk_coverage(np.array(values["test"]), errors.errors, errors.words)
    places = np.linspace(0, len(rates) - 1, min(POINTS, len(rates))).round().astype(int)
    for place in places:
        point = {"x": coverage[place], "y": rates[place], "area": area(rates)}
        yield {"unit": "utterance", "curve": "risk", **point}


def _words(one: Decoded) -> Iterator[dict[str, Any]]:
    pairs = {split: _judged(getattr(one, split)) for split in ("val", "test")}
    if all(values for values, _ in pairs.values()):
        values = {split: pair[0] for split, pair in pairs.items()}
        right = {split: np.array(pair[1], bool) for split, pair in pairs.items()}
        for row in _reliability(values, right):
            yield {"unit": "word", **row}


def _judged(counted: Counted) -> tuple[list[float], list[bool]]:
    """Log-probability of every recognised word, and whether it was said there."""
    values: list[float] = []
    right: list[bool] = []
    for key, reference in counted.content.references.items():
        written = counted.content.texts[key].split()
        heard = counted.form(" ".join(written)).split()
        found = counted.content.found[key].words
        if len(found) != len(written) or [counted.form(word) for word in written] != heard:
            continue  # normalising joins, parts or drops words, so none has a log-probability
        cells = align(counted.form(reference).split(), heard).cells
        said = {cell.place for cell in cells if cell.kind == "right"}
        values += found
        right += [place in said for place in range(len(heard))]
    return values, right


def _reliability(values: dict[str, list[float]], right: dict[str, Any]) -> Iterator[dict[str, Any]]:
    calibration = calibrate(values["val"], right["val"])
    bins = reliability(calibration.probability(values["test"]), right["test"])
    raw = reliability(np.exp(values["test"]), right["test"])
    for p, share, count in bins:
        yield {
            "curve": "reliability",
            **{"x": p, "y": share, "count": count},
            **{"slope": calibration.slope, "intercept": calibration.intercept},
            **{"error": calibration_error(bins), "raw_error": calibration_error(raw)},
        }


if __name__ == "__main__":
    run_command(judge)
