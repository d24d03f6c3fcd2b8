"""The elastic policy: which scale of a model to run for a given budget, chosen on validation."""

from dataclasses import dataclass

import pandas as pd

from mavsr.errors import InputError
from mavsr.evaluation.baselines import SYSTEM
from mavsr.model.methods import method_of
from mavsr.report.layout import Table
from mavsr.report.names import flops_unit, label, plain, rank, scale_label
from mavsr.report.sources import Sources
from mavsr.report.summary import rate_name, spread, tested_on

SCALE = ["model", "corpus", "audio_rate", "video_rate"]
"""What names a model at a scale, on the corpus that it is tested on."""


@dataclass(frozen=True)
class Unit:
    """What a budget is in."""

    column: str
    """Of the costs (:mod:`mavsr.report.costs`) or of the scores."""
    what: str
    """In words."""
    flops: bool = False
    """Whether the column is in TFLOPs."""


UNITS = {
    "flops": Unit("total_tflops", "of encoders, projectors and LLM with all beams", flops=True),
    "llm_flops": Unit("tflops", "of the LLM before the transcript", flops=True),
    "tokens": Unit("tokens", "tokens of the LLM before the transcript"),
    "seconds": Unit("seconds_each", "seconds of decoding, as they were in this run"),
}
"""``cost.budget`` -> its unit."""


def elastic(sources: Sources) -> Table:
    """For each Matryoshka model, the scale that was best on validation within a budget.

    A row holds from its budget up to that of the next one. What it says of WER is of the test
    split, on which nothing was chosen.

    Raises:
        InputError: validation scores or costs are missing.
    """
    unit = UNITS[sources.settings.budget]
    scores = _joined(sources)
    factor, name = flops_unit(scores[unit.column].max()) if unit.flops else (1.0, "")
    heading = f"{name if unit.flops else sources.settings.budget} from"
    rows, texts = [], []
    models = sorted(
        scores.groupby(["corpus", "task", "model"], sort=False),
        key=lambda item: (item[0][:2], rank(item[1].method.iloc[0]), item[0][2]),
    )
    for (corpus, task, _), own in models:
        chosen = policy(own, unit.column, "wer_validation")
        for row in chosen.assign(budget=chosen[unit.column]).itertuples():
            head = {"corpus": corpus, "task": task, "method": label(row.method, row.variant)}
            scale = scale_label(row.audio_rate, row.video_rate)
            rows.append(
                {**head, "budget": row.budget, "scale": scale, "wer_validation": row.wer_validation}
                | {"wer": row.wer, "wer_low": row.wer_low, "wer_high": row.wer_high}
                | {"tokens": row.tokens, "tflops": row.tflops, "total_tflops": row.total_tflops}
            )
            texts.append(
                {**head, heading: plain(row.budget * factor), "rates": scale}
                | {"validation WER": f"{row.wer_validation:.1f}"}
                | {"WER": f"{row.wer:.1f} ({row.wer_low:.1f} to {row.wer_high:.1f})"}
            )
    return Table(
        pd.DataFrame(rows),
        pd.DataFrame(texts),
        "Which rates to run: those of the least WER on the validation split within a budget per "
        f"utterance, in {f'{name} ' if unit.flops else ''}{unit.what} (mean over the test split). "
        f"A row holds from its budget up to the next. {rate_name(scores)} is of the test split, in "
        f"%, in brackets {spread(scores, half=False)}. As scales were chosen on another split, it "
        "may rise with the budget.",
    )


def policy(scores: pd.DataFrame, cost: str = "tflops", wer: str = "wer") -> pd.DataFrame:
    """Of one model's scores those that no cheaper or equally dear scale reaches, cheapest first.

    Args:
        scores: a row per scale.
        cost: column of what is to be saved.
        wer: column of the WER that decides.
    """
    ordered = scores.sort_values([cost, wer], kind="stable")
    best = ordered[wer].cummin()
    return ordered[(ordered[wer] == best) & ~best.duplicated()]


def _joined(sources: Sources) -> pd.DataFrame:
    """Clean test scores of systems with a choice of scales, beside validation WER and costs.

    Of a system with several seeds all are means.
    """
    scores = sources.select("elastic", condition="clean")
    # Of a method that trains a model per scale there is nothing to choose from.
    scores = scores[scores.method.map(lambda name: method_of(name).models != "per scale")]
    validation, costs = sources.validation, sources.costs
    if validation is None or costs is None:
        raise InputError(
            "elastic needs what was decoded of validation, and costs; there are none, as its "
            "experiment has no model of several scales that is trained here and tested on clean "
            "clips; add one, such as mtsk-ms"
        )
    clean = costs[costs.condition == "clean"].rename(columns={"seconds": "seconds_each"})
    each = sources.scores[sources.scores.condition == "clean"].merge(
        validation[[*SCALE, "wer"]], on=SCALE, suffixes=("", "_validation"), validate="1:1"
    )
    each = each.merge(clean[[*SCALE, "total_tflops", "seconds_each"]], on=SCALE, validate="1:1")
    known = each.assign(corpus=tested_on(each)).groupby(SYSTEM, dropna=False)
    means = known[["wer_validation", "total_tflops", "seconds_each"]].mean().reset_index()
    return scores.merge(means, on=SYSTEM, validate="1:1")
