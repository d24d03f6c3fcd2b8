"""Table 2 of Llama-MTSK: our models at the lowest rates among the published ones."""

import pandas as pd

from mavsr.errors import InputError
from mavsr.report.layout import Table
from mavsr.report.names import label, rank, scale_label
from mavsr.report.sources import Sources
from mavsr.report.summary import footnote, wer_text

OURS = "this run"


def table2(sources: Sources) -> Table:
    """A row per method and source, a column per corpus.

    Published rows stand below measured ones, with their source, and only for corpora that are at
    hand: on another corpus the table holds measured rows alone.

    Raises:
        InputError: a measured row has two scores on a corpus.
    """
    scores = sources.select("table2", task="avsr", condition="clean")
    corpora = sorted(scores.corpus.unique())
    order = scores.method.map(rank).sort_values(kind="stable").index
    rows: dict[tuple[str, ...], dict[str, float]] = {}
    texts: dict[tuple[str, ...], dict[str, str]] = {}
    for _, row in scores.loc[order].iterrows():
        scale = scale_label(row.audio_rate, row.video_rate)
        head = (label(row.method, row.variant), OURS, scale, "")
        if row.corpus in rows.get(head, {}):
            raise InputError(
                f"table2 has two scores of {head[0]} at {scale} on {row.corpus}; what differs "
                "otherwise, such as the LLM, belongs into an experiment of its own"
            )
        rows.setdefault(head, {})[row.corpus] = round(row.wer, 2)
        texts.setdefault(head, {})[row.corpus] = wer_text(row)
    for row in sources.published("table2").itertuples():
        scale = "" if row.compression == "none" else scale_label(row.audio_rate, row.video_rate)
        hours = str(row.note).removeprefix("labelled hours LRS2/LRS3 ")
        source = f"as in Table 2 of {row.paper}"
        head = (label(str(row.method)), source, scale, hours)
        rows.setdefault(head, {})[row.corpus] = row.wer
        texts.setdefault(head, {})[row.corpus] = f"{row.wer:.1f}"
    names = ["method", "source", "rates", "labelled hours LRS2/LRS3"]
    shown = pd.DataFrame(
        [
            dict(zip(names, head, strict=True)) | {c: texts[head].get(c, "–") for c in corpora}
            for head in texts
        ]
    )
    return Table(
        pd.DataFrame([dict(zip(names, head, strict=True)) | rows[head] for head in rows]),
        shown.loc[:, (shown != "").any()],
        "Audio-visual recognition beside the literature; columns are corpora. " + footnote(scores),
    )
