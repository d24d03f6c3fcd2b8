"""What tables and figures show of scores: a row per system, whatever number of seeds it has."""

import pandas as pd

from mavsr.evaluation.baselines import SYSTEM
from mavsr.report.names import label

SIGNIFICANT = 0.05
SIGNS = {"speakers": "†", "utterances": "§"}
"""What a difference is claimed for -> its sign: other speakers, or other utterances alone."""


def summarise(scores: pd.DataFrame) -> pd.DataFrame:
    """A row per system, scale and condition, in the order of their first rows.

    Intervals and p-values are those over speakers where there are any, else over utterances. Of a
    system with several seeds ``wer`` is the mean, and ``wer_low`` and ``wer_high`` are a standard
    deviation over seeds away. Further columns: ``over`` says which of these it is (``speakers``,
    ``utterances``), ``p`` is the p-value, ``p_holm`` the same after Holm's correction over all
    rows. A ``corpus`` that a model was not trained on names those that it was trained on behind
    it. Rows of one system and one seed are left to whoever finds that there are two.

    Args:
        scores: rows that one table shows (:data:`mavsr.evaluation.score.COLUMNS`).
    """
    by_speaker = scores.wer_low_speakers.notna()
    rows = scores.assign(
        wer_low=scores.wer_low.mask(by_speaker, scores.wer_low_speakers).astype(float),
        wer_high=scores.wer_high.mask(by_speaker, scores.wer_high_speakers).astype(float),
        p=scores.p_value.mask(by_speaker, scores.p_speakers).astype(float),
        over=by_speaker.map({True: "speakers", False: "utterances"}),
        seeds=1,
        corpus=tested_on(scores),
    )
    shown = [_pooled(own) for _, own in rows.groupby(SYSTEM, dropna=False, sort=False)]
    table = pd.concat([rows.iloc[:0], *shown]) if shown else rows
    table = table.astype(rows.dtypes.to_dict())
    return table.assign(p_holm=holm(table.p)).reset_index(drop=True)


def tested_on(rows: pd.DataFrame) -> list[str]:
    """What tables and figures call the corpus of each row, from its ``corpus``, ``trained_on``."""
    return [
        tested if on in ("", tested) else f"{tested} (trained on {on})"
        for tested, on in zip(rows.corpus, rows.trained_on, strict=True)
    ]


def _pooled(rows: pd.DataFrame) -> pd.DataFrame:
    """One row for several seeds; anything else as it is."""
    if len(rows) == 1 or rows.seed.duplicated().any():
        return rows
    mean, deviation = rows.wer.mean(), rows.wer.std()
    return rows.iloc[:1].assign(
        wer=round(mean, 2),
        wer_low=mean - deviation,
        wer_high=mean + deviation,
        p=rows.p_seeds.iloc[0],
        seeds=len(rows),
        tflops=rows.tflops.mean(),
        seconds=rows.seconds.mean(),
        baseline=rows.baseline.dropna().iloc[0] if rows.baseline.notna().any() else None,
    )


def holm(p_values: pd.Series) -> pd.Series:
    """p-values after Holm's correction for how many there are; empty ones do not count.

    The smallest of m is multiplied by m, the next by m - 1, and so on; none falls below one that
    was smaller before (Holm, Scand. J. Statist. 1979). The chance of a single false claim in the
    table then stays below the level, however the comparisons depend on each other.
    """
    ordered = p_values.dropna().sort_values(kind="stable")
    corrected = ordered * range(len(ordered), 0, -1)
    return corrected.cummax().clip(upper=1.0).reindex(p_values.index)


def wer_text(row: pd.Series) -> str:
    """``15.1 ±1.2†``: WER in %, half of its interval (or a standard deviation), and a sign."""
    sign = SIGNS[row.over] if row.p_holm < SIGNIFICANT else ""
    return f"{row.wer:.1f} ±{(row.wer_high - row.wer_low) / 2:.1f}{sign}"


def footnote(shown: pd.DataFrame) -> str:
    """What :func:`wer_text` says of rows of :func:`summarise`."""
    return f"WER in %, ± {spread(shown)}{_compared(shown)}."


def spread(shown: pd.DataFrame) -> str:
    """What lies between ``wer_low`` and ``wer_high``, in words, as a half of it is drawn."""
    single, several = shown[shown.seeds == 1], shown[shown.seeds > 1]
    parts = [
        f"the standard deviation over {count} seeds" for count in sorted(several.seeds.unique())
    ]
    for over, own in single.groupby("over"):
        where = "" if single.over.nunique() == 1 else f" ({', '.join(sorted(own.corpus.unique()))})"
        known = own.speakers.dropna() if over == "utterances" else own.speakers[:0]
        few = f", as {known.max()} speakers are too few for more" if len(known) else ""
        parts.append(f"half of the 95 % interval over {over}{few}{where}")
    return " or ".join(parts)


def _compared(shown: pd.DataFrame) -> str:
    compared = shown[shown.p.notna()]
    if compared.empty:
        return ""
    against = " or ".join(sorted({label(name) for name in compared.baseline.dropna()}))
    claims = {
        "speakers": "for speakers like these",
        "utterances": "for utterances of these same speakers",
    }
    signs = [f"{SIGNS[over]} {claims[over]}" for over in SIGNS if (compared.over == over).any()]
    seeds = " and other seeds" if (compared.seeds > 1).any() else ""
    return (
        f"; differs from {against} at p < {SIGNIFICANT}, {', '.join(signs)}{seeds}, after Holm's "
        f"correction over {len(compared)} comparison{'s' * (len(compared) > 1)}"
    )
