"""Command: Table 1 of Llama-MTSK: a row per method, a column per (audio, video) rate pair."""

from pathlib import Path

import pandas as pd

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.files import atomic

METHOD_NAMES = {
    "llama-avsr": "Llama-AVSR",
    "mtsk-ms": "Llama-MTSK MS",
    "mtsk-ss": "Llama-MTSK SS",
    "mtsk-mss": "Llama-MTSK MSS",
}
"""Method -> its name in the paper, in the order of the paper's rows."""


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
    counts = rows.groupby(["corpus", "rank", "method"]).size()
    pairs = rows[["audio_rate", "video_rate"]].drop_duplicates()
    for (corpus, _, method), count in counts.items():
        if count != len(pairs):
            raise InputError(
                f"{method} on {corpus} has {count} scores for {len(pairs)} rate pairs; "
                "table1 needs each method once at every pair"
            )
    table = rows.pivot(
        index=["corpus", "rank", "method"], columns=["audio_rate", "video_rate"], values="wer"
    )
    table = table.sort_index().sort_index(axis="columns")
    table.columns = pd.Index([f"({int(audio)},{int(video)})" for audio, video in table.columns])
    return table.reset_index().drop(columns="rank")


def table1(scores: Path, output: Path) -> None:
    """Write the table as CSV and print it.

    Args:
        scores: ``wer.csv``.
        output: the table.
    """
    table = layout(pd.read_csv(scores))
    with atomic(output) as partial:
        table.to_csv(partial, index=False)
    print(table.to_string(index=False))


if __name__ == "__main__":
    run_command(table1)
