"""What tables and figures show of scores: a row per system, whatever number of seeds it has."""

import pandas as pd

from mavsr.evaluation.baselines import SYSTEM
from mavsr.evaluation.units import RATE_NAMES
from mavsr.report.names import label

SIGNIFICANT = 0.05
LOPSIDED = 1.5
"""An interval is given by both ends where one half of it is longer than the other by more."""
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
        wer=mean,
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


def rate_name(scores: pd.DataFrame) -> str:
    """``WER`` where words were counted, ``CER`` where characters, ``error rate`` of both."""
    units = set(scores.unit)
    return RATE_NAMES[units.pop()] if len(units) == 1 else "error rate"


def wer_text(row: pd.Series) -> str:
    """``15.1 ±1.2†``: WER in %, half of its interval (or a standard deviation), and a sign.

    An interval that is lopsided is ``1.6 (0.2 to 12.6)``; where there is none, nothing is said.
    """
    sign = SIGNS[row.over] if row.p_holm < SIGNIFICANT else ""
    if pd.isna(row.wer_low):
        return f"{row.wer:.1f}{sign}"
    if _is_lopsided(row):
        return f"{row.wer:.1f} ({row.wer_low:.1f} to {row.wer_high:.1f}){sign}"
    return f"{row.wer:.1f} ±{(row.wer_high - row.wer_low) / 2:.1f}{sign}"


def _is_lopsided(row: pd.Series) -> bool:
    below, above = sorted((row.wer - row.wer_low, row.wer_high - row.wer))
    # Not by what is lost in print: 0.0 ±0.0 is as good as both ends.
    return bool(above > LOPSIDED * below and above - below >= 0.1)


def footnote(shown: pd.DataFrame) -> str:
    """What :func:`wer_text` says of rows of :func:`summarise`."""
    name, unit = rate_name(shown), ""
    if name == "error rate":
        by_character = sorted(set(shown.corpus[shown.unit == "character"]))
        unit = f" (by characters on {', '.join(by_character)}, else by words)"
    ends = (
        " (in brackets both ends)" if any(_is_lopsided(row) for _, row in shown.iterrows()) else ""
    )
    return f"{name[0].upper()}{name[1:]} in %{unit}, ± {spread(shown)}{ends}{_compared(shown)}."


def spread(shown: pd.DataFrame, half: bool = True) -> str:
    """What lies between ``wer_low`` and ``wer_high``, in words.

    Args:
        shown: rows of :func:`summarise`.
        half: whether a half of it is given, or both ends.
    """
    single, several = shown[shown.seeds == 1], shown[shown.seeds > 1]
    what = "half of the 95 % interval" if half else "the 95 % interval"
    to = "the standard deviation" if half else "a standard deviation to either side"
    parts = [f"{to} over {count} seeds" for count in sorted(several.seeds.unique())]
    for over, own in single.groupby("over"):
        where = "" if single.over.nunique() == 1 else f" ({', '.join(sorted(own.corpus.unique()))})"
        known = own.speakers.dropna() if over == "utterances" else own.speakers[:0]
        few = f", as {known.max()} speakers are too few for more" if len(known) else ""
        parts.append(f"{what} over {over}{few}{where}")
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
