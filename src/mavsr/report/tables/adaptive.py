"""Adaptive rates: what is lost and what is saved against the finest scale."""

import pandas as pd

from mavsr.errors import InputError
from mavsr.model.scales import Scale
from mavsr.report.layout import Table
from mavsr.report.names import flops_unit, label, plain, rank, scale_label
from mavsr.report.sources import Sources
from mavsr.report.summary import tested_on


def adaptive(sources: Sources) -> Table:
    """A row per model: test split, at the threshold that validation chose.

    Raises:
        InputError: the experiment has no model of several scales.
    """
    rows = chosen(sources)
    factor, unit = flops_unit(rows.finish_tflops.max())
    frame = pd.DataFrame(
        {
            "corpus": rows.corpus,
            "task": rows.task,
            "seed": rows.seed,
            "method": [label(m, v) for m, v in zip(rows.method, rows.variant, strict=True)],
            "start": rows.start.map(printed),
            "finish": rows.finish.map(printed),
            "threshold": rows.threshold,
            "refined": rows.refined,
            "wer": rows.wer,
            "wer_low": rows.wer_low,
            "wer_high": rows.wer_high,
            "finish_wer": rows.finish_wer,
            "tflops": rows.tflops,
            "finish_tflops": rows.finish_tflops,
            "share": rows.tflops / rows.finish_tflops,
        }
    )
    bounds = zip(rows.wer, rows.wer_low, rows.wer_high, strict=True)
    seed = ["seed"] if rows.seed.nunique() > 1 else []
    shown = frame[["corpus", "task", "method", *seed, "start", "finish"]].assign(
        **{
            "decoded twice": frame.refined.map("{:.0f} %".format),
            "WER": [f"{w:.1f} ({a:.1f} to {b:.1f})" for w, a, b in bounds],
            "WER at the finish": frame.finish_wer.map("{:.1f}".format),
            unit: (factor * frame.tflops).map(plain),
            "of the finish": frame.share.map("{:.2f}".format),
        }
    )
    return Table(
        frame,
        shown.rename(columns={"start": "first at", "finish": "then at"}),
        "Adaptive rates on the clean test split: each utterance is decoded at the first scale, and "
        "again at the finish if the log-probability of its transcript is below a threshold that "
        "the validation split chose. WER in % with its 95 % bootstrap interval over utterances; "
        f"{unit} of the LLM per utterance, both passes counted, and their share of decoding "
        "everything at the finish. Interval and share are of this threshold, not of its choice.",
    )


def chosen(sources: Sources) -> pd.DataFrame:
    """Of adaptive rates the test rows at the chosen thresholds, in the order of methods."""
    if sources.adaptive is None:
        raise InputError(
            "no model of experiments.tradeoff has several scales on clean clips, so there are no "
            "adaptive rates to show; add a method such as mtsk-ms and at least two rates"
        )
    rows = sources.adaptive
    rows = rows[rows.chosen & (rows.split == "test")]
    rows = rows.assign(corpus=tested_on(rows))
    order = [*zip(rows.corpus, rows.task, rows.method.map(rank), rows.variant, strict=True)]
    return rows.assign(order=order).sort_values("order", kind="stable").drop(columns="order")


def printed(scale: str) -> str:
    """``(16,5)`` for the scale ``a16_v5``."""
    parsed = Scale.parse(scale)
    return scale_label(parsed.audio, parsed.video)
