"""Command: what adaptive rates give, their threshold chosen on validation.

The coarse scale is decoded first; what it is less sure of than a threshold is decoded again at the
finest. ``mavsr.evaluation.routed`` has the arithmetic.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mavsr.command import run_command
from mavsr.config.elastic import ElasticSettings
from mavsr.config.scoring import ScoringSettings
from mavsr.errors import InputError
from mavsr.evaluation.both_splits import ABOUT, Decoded, read_models
from mavsr.evaluation.routed import Pass, Routed, choose, read_pass, route, thresholds
from mavsr.model.scales import Scale
from mavsr.tables import write_csv

COLUMNS = {
    **dict.fromkeys(ABOUT, "as in wer.csv"),
    "start": "scale that is decoded first, such as a16_v5",
    "finish": "scale that the rest is decoded at",
    "split": "val or test",
    "threshold": "log-probability of a transcript below which the utterance is decoded again",
    "chosen": "whether it is the threshold to use",
    "refined": "utterances that were decoded again, %",
    "wer": "word error rate, %",
    "wer_low": "lower end of its 95 % bootstrap interval, %; of the chosen threshold alone",
    "wer_high": "upper end, %",
    "tflops": "TFLOPs of the LLM per utterance, mean, both passes counted",
    "finish_wer": "WER of the finest scale alone on this split, %",
    "finish_tflops": "its TFLOPs",
}
POINTS = 60
"""Thresholds that a curve keeps at most, beside the chosen one."""


def adapt(
    hypotheses: list[Path],
    validation: list[Path],
    output: Path,
    scoring: ScoringSettings,
    elastic: ElasticSettings,
) -> None:
    """Write ``output`` (CSV, columns as in ``COLUMNS``): a curve per model and split.

    Args:
        hypotheses: ``.../<model>/clean/<scale>.jsonl`` of the test split.
        validation: ``.../<model>/val/<scale>.jsonl``.
        output: the table.
        scoring: how words are counted.
        elastic: where to start, and what the threshold is.

    Raises:
        InputError: hypotheses are missing or damaged, or no model has the scale to start at.
    """
    models = list(read_models(hypotheses, validation, scoring))
    rows = [row for scales in models if len(scales) > 1 for row in curves(scales, elastic)]
    if not rows:
        named = sorted({one.scale.name for scales in models for one in scales})
        raise InputError(
            f"elastic.start {elastic.start} is a coarser scale of no model (they have "
            f"{', '.join(named)}); write one of theirs, or null for the cheapest"
        )
    write_csv(output, pd.DataFrame(rows, columns=list(COLUMNS)))


def curves(scales: list[Decoded], elastic: ElasticSettings) -> Iterator[dict[str, Any]]:
    """The rows of one model; none if it lacks the scale to start at.

    Args:
        scales: of the model, the cheapest first.
        elastic: as for :func:`adapt`.
    """
    wanted = Scale.parse(elastic.start) if elastic.start else scales[0].scale
    start, finish = next((one for one in scales if one.scale == wanted), None), scales[-1]
    if start is None or start is finish:
        return
    val, test = ((_pass(start, split), _pass(finish, split)) for split in ("val", "test"))
    given = elastic.threshold
    threshold = choose(*val, elastic.tolerance) if given is None else given
    for split, (coarse, fine) in (("val", val), ("test", test)):
        every = list(thresholds(coarse))
        picked = np.linspace(0, len(every) - 1, min(POINTS, len(every))).round().astype(int)
        for value in sorted({*(every[place] for place in picked), threshold}):
            row = _row(route(coarse, fine, value), value == threshold)
            about = {**start.about, "start": start.scale.name, "finish": finish.scale.name}
            alone = {"finish_wer": fine.errors.wer, "finish_tflops": fine.tflops.mean()}
            yield {**about, "split": split, **row, **alone}


def _pass(one: Decoded, split: str) -> Pass:
    counted = getattr(one, split)
    return read_pass(counted.content, counted.errors)


def _row(routed: Routed, chosen: bool) -> dict[str, Any]:
    low, high = routed.errors.interval() if chosen else (None, None)
    return {
        "threshold": routed.threshold,
        "chosen": chosen,
        "refined": 100 * routed.refined,
        "wer": routed.errors.wer,
        "wer_low": low,
        "wer_high": high,
        "tflops": routed.tflops,
    }


if __name__ == "__main__":
    run_command(adapt)
