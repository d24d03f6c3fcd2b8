"""Rows of ``wer.csv`` that belong to one experiment."""

from collections.abc import Sequence

import pandas as pd

from mavsr.errors import InputError


def select_models(scores: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    """The rows of the named models.

    Raises:
        InputError: one of them has no row, or none is named.
    """
    missing = sorted(set(models) - set(scores.model))
    if missing or not models:
        raise InputError(
            f"wer.csv has no row of {missing[0] if missing else 'any model'}; the config must hold "
            "the experiment of this table, and `snakemake results/wer.csv` its scores"
        )
    return scores[scores.model.isin(models)]
