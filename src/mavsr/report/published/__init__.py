"""Values in print: the papers' own numbers, shown beside measured ones of the same set-up only.

A file per paper holds its word error rates, each with its table (or figure) and row:
``llama_mtsk.csv`` (arXiv 2503.06362), ``mome.csv`` (arXiv 2510.04136) and ``omni_avsr.csv`` (arXiv
2511.07253). ``parameters.csv`` holds the parameter counts of MoME's tables, ``cost.csv`` Table 4 of
Llama-MTSK. ``doubt`` names what keeps a correct run from meeting a value (:data:`DOUBTS`).
"""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mavsr.model.methods import METHODS
from mavsr.report.names import scale_labels

_FOLDER = Path(__file__).parent
PAPERS = {
    "llama_mtsk": "Llama-MTSK (arXiv 2503.06362)",
    "mome": "MoME (arXiv 2510.04136)",
    "omni_avsr": "Omni-AVSR (arXiv 2511.07253)",
}
"""File with a paper's values -> the paper; of a value that two print the first one is cited."""
DOUBTS = {
    "setup": "what the paper leaves out of this set-up (of rates, encoder, LLM, b) is inferred",
    "snr0": "the column at 0 dB looks as if its babble was mixed at random levels",
    "label": "the printed count for b = 1 fits 15/3 experts, not 23/4, so either may be wrong",
    "joint": "this model may have been trained on LRS2 and LRS3 together",
    "read-off": "read off a figure",
    "count": "no LoRA of the stated rank has this many parameters",
    "cut": "cut off in print, not rounded",
    "variant": "the paper does not print which variant of Llama-MTSK this is",
    "encoder": "the paper trains LoRAs in AV-HuBERT too, this project does not",
}
"""Word in the column ``doubt`` -> why a correct run is not expected to meet the value."""
SIGN = "‡"
"""Behind a doubtful value in print."""


def published_wer(kinds: Mapping[str, str], *tables: str) -> pd.DataFrame:
    """Published word error rates on the corpora at hand.

    Args:
        kinds: name of a corpus in the config -> its kind. Numbers belong to the data, not to a
            name: a folder of other videos called ``lrs3`` gets none.
        *tables: only those of some tables, such as ``table1`` or ``mome_table3``.

    Returns:
        columns ``corpus`` (the config's name), ``task``, ``method`` and ``variant`` (as in our
        scores, or the name in print of what is none of ours), ``compression``, ``audio_rate``,
        ``video_rate``, ``condition``, ``wer`` (%), ``audio_encoder``, ``llm``, ``doubt``, ``note``,
        ``paper``, ``table`` and ``row``; empty for other corpora.
    """
    values = pd.concat(
        [_read(f"{name}.csv").assign(paper=paper) for name, paper in PAPERS.items()],
        ignore_index=True,
    ).astype({"audio_rate": "Int64", "video_rate": "Int64"})
    if tables:
        values = values[values.table.isin(tables)]
    own = pd.DataFrame({"corpus": list(kinds), "dataset": list(kinds.values())}, dtype=object)
    return values.merge(own, on="dataset").drop(columns="dataset")


def comparable(published: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Published values of the method, encoder and LLM of ``rows``, once per scale and condition.

    Args:
        published: of :func:`published_wer`.
        rows: scores of one corpus, task, compression, method and variant; ``encoders`` may name
            all that a model was trained with (:func:`whole_models`).

    Returns:
        rows of ``published``, with a column ``scale`` such as ``(4,2)``.
    """
    same = ["corpus", "task", "compression", "method", "variant"]
    alike = published.assign(heard_by=_heard_by(published))
    alike = alike.merge(rows[same].drop_duplicates(), on=same)
    encoders = {part for names in rows.encoders for part in names.split("+")}
    # What sees is the same in all papers.
    alone = (alike.task == "vsr") & alike.heard_by.isna()
    heard = alike.heard_by.isin(encoders) | alone
    found = alike[alike.llm.isin(rows.llm) & heard & alike.condition.isin(rows.condition)]
    found = found.assign(scale=scale_labels(found)).drop_duplicates(["scale", "condition"])
    return found[found["scale"].isin(scale_labels(rows))]


def _heard_by(published: pd.DataFrame) -> pd.Series:
    """Audio encoder that each value's model was trained with; none for one that sees alone."""
    joint = published.method.isin([name for name, method in METHODS.items() if method.omni])
    row = published.groupby(["paper", "table", "row", "corpus"]).audio_encoder.transform("first")
    return published.audio_encoder.mask(joint, row)


def beside(published: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Of ``rows`` those with a comparable value, in columns ``published`` and ``doubt``.

    Args:
        published: of :func:`published_wer`.
        rows: as for :func:`comparable`, of one condition.
    """
    found = comparable(published, rows)[["scale", "wer", "doubt"]]
    return rows.assign(scale=scale_labels(rows)).merge(found.rename(columns={"wer": "published"}))


def whole_models(scores: pd.DataFrame) -> pd.DataFrame:
    """The same scores, with all encoders that a model is scored with anywhere among them.

    What a model of three tasks sees by was trained beside what it hears by.
    """
    named = {
        model: "+".join(sorted({part for names in own.encoders for part in names.split("+")}))
        for model, own in scores.groupby("model")
    }
    return scores.assign(encoders=scores.model.map(named))


def credit(shown: pd.DataFrame) -> str:
    """Where values in print come from, and why some are doubtful; nothing if there are none."""
    if shown.empty:
        return ""
    places = [
        f"{', '.join(map(quoted, sorted(set(shown.table[shown.paper == paper]))))} of {paper}"
        for paper in PAPERS.values()
        if paper in set(shown.paper)
    ]
    return " ".join([f"Published: {'; '.join(places)}.", doubts(shown)]).rstrip()


def doubts(shown: pd.DataFrame) -> str:
    """What the sign of doubt means for the values at hand; nothing if none is doubtful."""
    words = {word for text in shown.doubt for word in text.split()}
    told = "; ".join(text for word, text in DOUBTS.items() if word in words)
    return f"{SIGN} not a value to expect: {told}." if told else ""


def quoted(table: str) -> str:
    """``Table 3`` for ``mome_table3``: its name in its paper."""
    kind, number = re.findall(r"([a-z]+)(\d*)$", table)[0]
    return f"{kind.capitalize()} {number}".rstrip()


def published_cost() -> pd.DataFrame:
    """Table 4 of Llama-MTSK for Llama 3.1 8B: audio_rate, video_rate, tokens and tflops."""
    return pd.read_csv(_FOLDER / "cost.csv").drop(columns="table")


def published_parameters() -> pd.DataFrame:
    """Active adapter parameters that MoME prints: method, variant, llm, active_millions, doubt."""
    return _read("parameters.csv")


def _read(name: str) -> pd.DataFrame:
    values = pd.read_csv(_FOLDER / name)
    texts = [column for column in ("variant", "doubt", "note") if column in values]
    return values.fillna(dict.fromkeys(texts, "")).astype(dict.fromkeys(texts, str))
