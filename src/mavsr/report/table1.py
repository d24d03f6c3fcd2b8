"""Command: Table 1 of Llama-MTSK: a row per method, a column per (audio, video) rate pair."""

from pathlib import Path

import pandas as pd

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.files import atomic
from mavsr.report.selection import select_models

METHOD_NAMES = {
    "llama-avsr": "Llama-AVSR",
    "mtsk-ms": "Llama-MTSK MS",
    "mtsk-ss": "Llama-MTSK SS",
    "mtsk-mss": "Llama-MTSK MSS",
    "mome-mhsa": "MoME-MHSA",
    "mome-ffn": "MoME-FFN",
    "mome-layer": "MoME-LAYER",
    "avgpool-at-inference": "Avg Pooling",
}
"""Method -> its name in the paper, in the order of the paper's rows."""
RATES = ["audio_rate", "video_rate"]


def layout(scores: pd.DataFrame) -> pd.DataFrame:
    """Arrange clean audio-visual scores as the paper does.

    Args:
        scores: rows of ``wer.csv``.

    Returns:
        columns corpus, method, then one per rate pair, called ``(4,2)`` and holding WER in %.

    Raises:
        InputError: a method lacks a rate pair that another has, or has it twice.
    """
    rows = scores[(scores.task == "avsr") & (scores.condition == "clean")]
    if rows.empty:
        raise InputError("there is no clean audio-visual score; add one to experiments.table1")
    rows = rows.assign(
        rank=rows.method.map(list(METHOD_NAMES).index), method=rows.method.map(METHOD_NAMES)
    )
    pairs = len(rows[RATES].drop_duplicates())
    for _, own in rows.groupby(["corpus", "method"]):
        if len(own) != pairs or own[RATES].duplicated().any():
            raise InputError(
                f"{own.method.iloc[0]} on {own.corpus.iloc[0]} has {len(own)} scores for {pairs} "
                "rate pairs; table1 needs each method once at every pair"
            )
    table = rows.pivot(index=["corpus", "rank", "method"], columns=RATES, values="wer")
    table = table.sort_index().sort_index(axis="columns")
    pairs_in_order = table.columns.to_frame().astype(int).itertuples(index=False)
    table.columns = pd.Index([f"({audio},{video})" for audio, video in pairs_in_order])
    return table.reset_index().drop(columns="rank")


def table1(scores: Path, models: list[str], output: Path) -> None:
    """Write the table as CSV and print it.

    Args:
        scores: ``wer.csv``.
        models: names of the models of ``experiments.table1``; other rows are left out.
        output: the table.
    """
    table = layout(select_models(pd.read_csv(scores), models))
    with atomic(output) as partial:
        table.to_csv(partial, index=False)
    print(table.to_string(index=False))


if __name__ == "__main__":
    run_command(table1)
