"""Values in print: the papers' own numbers, shown beside measured ones of the same corpus only.

``wer.csv`` holds word error rates of Llama-MTSK (arXiv 2503.06362, Tables 1, 2, 3 and 5) and of
MoME (arXiv 2510.04136, main and ablation tables, read from secondary sources as its column ``note``
says); ``cost.csv`` holds Table 4 of Llama-MTSK.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

_FOLDER = Path(__file__).parent
CITATIONS = {"2503.06362": "Llama-MTSK (arXiv 2503.06362)", "2510.04136": "MoME (arXiv 2510.04136)"}


def published_wer(kinds: Mapping[str, str], table: str | None = None) -> pd.DataFrame:
    """Published word error rates on the corpora at hand.

    Args:
        kinds: name of a corpus in the config -> its kind. Numbers belong to the data, not to a
            name: a folder of other videos called ``lrs3`` gets none.
        table: only those of one table, such as ``table1`` or ``mome_table3``.

    Returns:
        columns ``corpus`` (the config's name), ``task``, ``method`` (as in
        :func:`mavsr.report.names.label`), ``compression``, ``audio_rate``, ``video_rate``, ``wer``
        (%), ``audio_encoder``, ``llm``, ``note``, ``paper`` and ``table``; empty for other corpora.
    """
    values = pd.read_csv(_FOLDER / "wer.csv", dtype={"paper": str})
    values = values.astype({"audio_rate": "Int64", "video_rate": "Int64"})
    if table is not None:
        values = values[values.table == table]
    own = pd.DataFrame({"corpus": list(kinds), "dataset": list(kinds.values())}, dtype=object)
    return values.merge(own, on="dataset").drop(columns="dataset")


def published_cost() -> pd.DataFrame:
    """Table 4 of Llama-MTSK for Llama 3.1 8B: audio_rate, video_rate, tokens and tflops."""
    return pd.read_csv(_FOLDER / "cost.csv").drop(columns="table")
