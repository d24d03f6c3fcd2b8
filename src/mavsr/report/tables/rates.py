"""Word error rate by method (rows) and scale or condition (columns): most tables of both papers."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from mavsr.errors import InputError
from mavsr.model.scales import OMNI, tasks_of
from mavsr.report.layout import Table
from mavsr.report.names import (
    condition_label,
    condition_rank,
    label,
    rank,
    scale_labels,
    variant_rank,
)
from mavsr.report.published import SIGN, comparable, credit, whole_models
from mavsr.report.sources import Sources
from mavsr.report.summary import footnote, wer_text


def arrange(
    scores: pd.DataFrame,
    caption: str,
    published: pd.DataFrame | None = None,
    across: str = "scale",
    beside: Sequence[str] = (),
) -> Table:
    """A row per corpus and method, a column per scale (or condition, or task and scale), WER in %.

    In print a cell is as :func:`mavsr.report.summary.wer_text` has it. Published values of the same
    method, encoder and LLM, if there are any, stand in columns of their own, with ‡ behind doubtful
    ones.

    Args:
        scores: systems, of :meth:`Sources.select`, of one task unless columns are of several.
        caption: what the table is; what the signs mean is added to it.
        published: values in print, of :func:`mavsr.report.published.published_wer`.
        across: ``scale``, ``condition`` or ``task``, which is task and scale.
        beside: further columns of ``scores`` to show, constant for a model.

    Raises:
        InputError: a row lacks a column that another has, or has it twice.
    """
    rows = _labelled(scores, across)
    columns = list(dict.fromkeys(rows.sort_values("place")["column"]))
    known = pd.DataFrame() if published is None else _known(published, rows)
    frames, prints = [], []
    order = ["corpus", "rank", "size", "variant", "method", *beside]
    for (corpus, _, _, _, method, *_), own in rows.groupby(order, dropna=False):
        _check_row(corpus, method, own, columns)
        own = own.set_index("column").loc[columns]
        head = {"corpus": corpus, "method": method, **{name: own[name].iloc[0] for name in beside}}
        printed = {name.replace("_", " "): _number(head[name]) for name in beside}
        print_head = {"corpus": corpus, "method": method, **printed}
        values = {column: round(own.wer[column], 2) for column in columns}
        texts = {column: wer_text(own.loc[column]) for column in columns}
        for column in columns if len(known) else ():
            mine = known[known.score == own.score[column]]
            values[f"{column} published"] = mine.wer.iloc[0] if len(mine) else None
            texts[f"{column} published"] = _quoted(mine.iloc[0]) if len(mine) else "–"
        frames.append({**head, **values})
        prints.append({**print_head, **texts})
    notes = [caption, footnote(scores), credit(known)]
    return Table(pd.DataFrame(frames), pd.DataFrame(prints), " ".join(filter(None, notes)))


def _labelled(scores: pd.DataFrame, across: str) -> pd.DataFrame:
    """Rows with the method's name in print, its rank, and the name and place of its column."""
    places: list[tuple[Any, ...]]
    if across != "condition":
        pairs = zip(scores.audio_rate, scores.video_rate, strict=True)
        named = scale_labels(scores)
        places = [tuple(float(r) for r in pair if pd.notna(r)) for pair in pairs]
        if across == "task":
            named = [
                f"{task.upper()} {name}" for task, name in zip(scores.task, named, strict=True)
            ]
            orders = map(tasks_of(OMNI).index, scores.task)
            places = [(order, *place) for order, place in zip(orders, places, strict=True)]
    else:
        named = [condition_label(name) for name in scores.condition]
        places = [condition_rank(name) for name in scores.condition]
    return scores.assign(
        rank=scores.method.map(rank),
        size=scores.variant.map(variant_rank),
        name=scores.method,
        score=range(len(scores)),
        method=[label(m, v) for m, v in zip(scores.method, scores.variant, strict=True)],
        column=named,
        place=places,
    )


def _check_row(corpus: str, method: str, own: pd.DataFrame, columns: list[str]) -> None:
    have = f"row {method} on {corpus} has {len(own)} scores for {len(columns)} columns"
    if twice := own.column[own.column.duplicated()].tolist():
        raise InputError(
            f"{have}, {twice[0]} twice; a table shows a row once at every column: what differs "
            "otherwise belongs into an experiment of its own"
        )
    if missing := [column for column in columns if column not in set(own.column)]:
        raise InputError(
            f"{have}, none at {missing[0]}; ask for it in the experiment, and rules "
            "train_model and decode make it"
        )


def _known(published: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """What is published of the set-up of each score; ``score`` numbers the rows of scores."""
    ours = whole_models(rows).assign(method=rows["name"], scale=scale_labels(rows))
    alike = ours.groupby(["corpus", "task", "compression", "method", "variant"])
    return pd.concat(
        comparable(published, own).merge(own[["scale", "condition", "score"]]) for _, own in alike
    )


def _quoted(value: pd.Series) -> str:
    return _number(value.wer) + (SIGN if value.doubt else "")


def _number(value: float | str | None) -> str:
    """``–`` for none; words as they are, counts with separators, percentages to one decimal."""
    if value is None or pd.isna(value):
        return "–"
    if isinstance(value, str):
        return value
    return f"{value:.1f}" if isinstance(value, float) else f"{value:,}"


def table1(sources: Sources) -> Table:
    """Table 1 of Llama-MTSK: audio-visual, by pooling."""
    return _pairs(sources, "table1")


def table5(sources: Sources) -> Table:
    """Table 5 of Llama-MTSK: the same with the largest encoder and LLM."""
    return _pairs(sources, "table5")


def _pairs(sources: Sources, name: str) -> Table:
    return arrange(
        sources.select(name, task="avsr", condition="clean"),
        "Audio-visual recognition; columns are (audio, video) rates.",
        sources.published(),
    )


def compressions(sources: Sources) -> Table:
    """Audio-visual recognition by every way to compress tokens; in no paper."""
    return arrange(
        sources.select("compressions", task="avsr", condition="clean"),
        "Audio-visual recognition by the way in which tokens are compressed; columns are (audio, "
        "video) rates, at which all ways give as many tokens.",
        beside=["compression"],
    )


def table3(sources: Sources) -> Table:
    """Table 3 of Llama-MTSK: training at several rates against pooling at inference alone."""
    return arrange(
        sources.select("table3", task="asr", condition="clean"),
        "Recognition of speech alone; columns are audio rates.",
        sources.published(),
    )


def pretrained(sources: Sources) -> Table:
    """Every method over real pretrained models (workflow/configs/pretrained.yaml)."""
    return arrange(
        sources.select("pretrained", task="asr", condition="clean"),
        "Recognition of speech alone, over a real Whisper and a real LLM; columns are audio rates.",
    )
