"""A figure draws one value at a place: what it could not tell apart is refused."""

from collections.abc import Sequence

import pandas as pd

from mavsr.errors import InputError
from mavsr.report.catalogue import FIGURES
from mavsr.report.names import label, scale_labels

PLACE = ("corpus", "task", "method", "variant", "audio_rate", "video_rate", "condition")
"""Columns that a figure of a line per method and variant tells apart."""
DIFFERING = ("compression", "encoders", "llm", "trained_on", "model")
"""What else may differ, from what a reader looks for first; models differ in more than these."""


def once(name: str, rows: pd.DataFrame, apart: Sequence[str] = PLACE) -> pd.DataFrame:
    """The rows as they are.

    Args:
        name: a figure of :data:`mavsr.report.catalogue.FIGURES`.
        rows: all that it draws.
        apart: columns by which a reader of the figure tells rows apart.

    Raises:
        InputError: two rows are equal in all of these.
    """
    twice = rows[rows.duplicated(list(apart), keep=False)]
    if twice.empty:
        return rows
    _, alike = next(iter(twice.groupby(list(apart), dropna=False, sort=False)))
    first = alike.iloc[0]
    place = [f"{c} {first[c]}" for c in apart if not pd.isna(first[c]) and first[c] != ""]
    experiment = f"experiments.{FIGURES[name]}"
    raise InputError(
        f"{name} shows one value of {', '.join(place)}, and {experiment} has {len(alike)} that "
        f"differ in {_difference(alike)}; leave one of these in {experiment}, and give the rest an "
        "experiment of another name, whose scores are in results/wer.csv too"
    )


def _difference(alike: pd.DataFrame) -> str:
    """``llm (llama-1b, llama-8b)``: the first thing in which rows differ, and its values."""
    found = {"method": [label(m, v) for m, v in zip(alike.method, alike.variant, strict=True)]}
    if "audio_rate" in alike:
        found["rates"] = scale_labels(alike)
    found |= {column: alike[column].tolist() for column in DIFFERING if column in alike}
    for what, values in found.items():
        if len(several := dict.fromkeys(map(str, values))) > 1:
            return f"{what} ({', '.join(several)})"
    return "nothing that scores say"
