"""Values in print: the papers' own numbers, shown beside measured ones of the same corpus only.

``wer.csv`` holds word error rates of Llama-MTSK (arXiv 2503.06362, Tables 1, 2, 3 and 5) and of
MoME (arXiv 2510.04136, main and ablation tables, read from secondary sources as its column ``note``
says); ``cost.csv`` holds Table 4 of Llama-MTSK.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mavsr.report.names import label, scale_labels

_FOLDER = Path(__file__).parent
CITATIONS = {"2503.06362": "Llama-MTSK (arXiv 2503.06362)", "2510.04136": "MoME (arXiv 2510.04136)"}

SECONDARY = "secondary source"
"""In the column ``note`` of a value that was not read in the paper itself."""


def published_wer(kinds: Mapping[str, str], *tables: str) -> pd.DataFrame:
    """Published word error rates on the corpora at hand.

    Args:
        kinds: name of a corpus in the config -> its kind. Numbers belong to the data, not to a
            name: a folder of other videos called ``lrs3`` gets none.
        *tables: only those of some tables, such as ``table1`` or ``mome_table3``.

    Returns:
        columns ``corpus`` (the config's name), ``task``, ``method`` (as in
        :func:`mavsr.report.names.label`), ``variant`` (as in our scores), ``compression``,
        ``audio_rate``, ``video_rate``, ``wer`` (%), ``audio_encoder``, ``llm``, ``note``, ``paper``
        and ``table``; empty for other corpora.
    """
    values = pd.read_csv(_FOLDER / "wer.csv", dtype={"paper": str}).fillna({"note": ""})
    values = values.astype({"audio_rate": "Int64", "video_rate": "Int64"})
    if tables:
        values = values[values.table.isin(tables)]
    variants = values.method.map(_variant)
    names = [
        label("mome-mhsa", variant) if "=" in method else method
        for method, variant in zip(values.method, variants, strict=True)
    ]
    values = values.assign(method=names, variant=variants)
    own = pd.DataFrame({"corpus": list(kinds), "dataset": list(kinds.values())}, dtype=object)
    return values.merge(own, on="dataset").drop(columns="dataset")


def _variant(method: str) -> str:
    """``r4k2s0b24`` for ``MoME routed=4 shared=0 bottleneck=24 top_k=2``."""
    if found := dict(re.findall(r"(\w+)=(\w+)", method)):
        top_k = found["routed"] if found["top_k"] == "all" else found["top_k"]
        return f"r{found['routed']}k{top_k}s{found['shared']}b{found['bottleneck']}"
    return "r23k4s1b12" if method.startswith("MoME-23/4-") else ""


def comparable(published: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """Published WER of a method with the encoder and LLM of ``rows``, by scale.

    What is not known of a value in print (MoME's encoder and LLM) contradicts nothing.

    Args:
        published: of :func:`published_wer`.
        rows: scores of one corpus, task, compression, method and variant.
    """
    same = ["corpus", "task", "compression", "method", "variant"]
    ((corpus, task, kind, method, variant),) = rows[same].drop_duplicates().to_numpy().tolist()
    encoders = {part for names in rows.encoders for part in names.split("+")}
    found = published[
        (published.method == label(method, variant))
        & (published.variant == variant)
        & (published.corpus == corpus)
        & (published.task == task)
        & (published.compression == kind)
        & (published.llm.isin(rows.llm) | published.llm.isna())
        & (published.audio_encoder.isin(encoders) | published.audio_encoder.isna())
    ]
    return dict(zip(scale_labels(found), found.wer, strict=True))


def published_cost() -> pd.DataFrame:
    """Table 4 of Llama-MTSK for Llama 3.1 8B: audio_rate, video_rate, tokens and tflops."""
    return pd.read_csv(_FOLDER / "cost.csv").drop(columns="table")
