"""The elastic policy: which scale of a model to run for a given budget of compute."""

import pandas as pd

from mavsr.model.methods import method_of
from mavsr.report.layout import Table
from mavsr.report.names import flops_unit, label, rank, scale_label
from mavsr.report.sources import Sources
from mavsr.report.summary import spread


def elastic(sources: Sources) -> Table:
    """For each Matryoshka model, the best scale within a budget of TFLOPs per utterance.

    A row holds from its budget up to that of the next one.
    """
    scores = sources.select("elastic", condition="clean")
    # Of a method that trains a model per scale there is nothing to choose from.
    scores = scores[scores.method.map(lambda name: method_of(name).models != "per scale")]
    factor, unit = flops_unit(scores.tflops.max())
    rows, texts = [], []
    models = sorted(
        scores.groupby(["corpus", "task", "model"], sort=False),
        key=lambda item: (item[0][:2], rank(item[1].method.iloc[0]), item[0][2]),
    )
    for (corpus, task, _), own in models:
        for row in policy(own).itertuples():
            head = {"corpus": corpus, "task": task, "method": label(row.method, row.variant)}
            scale = scale_label(row.audio_rate, row.video_rate)
            rows.append(
                {**head, "budget_tflops": row.tflops, "scale": scale}
                | {"wer": row.wer, "wer_low": row.wer_low, "wer_high": row.wer_high}
            )
            texts.append(
                {**head, f"{unit} from": f"{row.tflops * factor:.3g}", "rates": scale}
                | {"WER": f"{row.wer:.1f} ({row.wer_low:.1f} to {row.wer_high:.1f})"}
            )
    return Table(
        pd.DataFrame(rows),
        pd.DataFrame(texts),
        f"Which rates to run: the best ones within a budget of {unit} of the LLM per utterance. A "
        "row holds from its budget up to the next. WER in %; the ends behind it are its interval: "
        f"± {spread(scores)}.",
    )


def policy(scores: pd.DataFrame) -> pd.DataFrame:
    """Of one model's scores those that no cheaper or equally dear scale reaches, cheapest first."""
    ordered = scores.sort_values(["tflops", "wer"], kind="stable")
    best = ordered.wer.cummin()
    return ordered[(ordered.wer == best) & ~best.duplicated()]
