"""The table of Omni-AVSR: one model for three tasks beside models of one task each."""

import pandas as pd

from mavsr.report.layout import Table
from mavsr.report.names import label
from mavsr.report.published import SIGN
from mavsr.report.sources import Sources
from mavsr.report.tables.rates import arrange

PRINTED = " published"


def main(sources: Sources) -> Table:
    """Table I of Omni-AVSR: WER of every task at every scale, and the mean of a row.

    A row of models of one task each, such as Llama-AVSR's, holds those of all tasks.
    """
    published = sources.published()
    table = arrange(
        sources.select("omni/main", condition="clean"),
        "One model for ASR, VSR and AVSR beside models of one task: columns are tasks and rates, "
        "of AVSR (audio, video) rates; the mean weighs all columns alike.",
        published,
        across="task",
    )
    columns = [c for c in table.frame if c.split()[0] in ("ASR", "VSR", "AVSR")]
    ours = [c for c in columns if not c.endswith(PRINTED)]
    values = table.frame.assign(mean=table.frame[ours].mean(axis=1))
    texts = table.shown.assign(mean=[f"{mean:.1f}" for mean in values["mean"]])
    if printed := [c for c in columns if c.endswith(PRINTED)]:
        # The paper's own mean, of a set-up whose every value is printed.
        whole = table.frame[printed].notna().all(axis=1)
        means = published[published.task == "mean"]
        known = {(row.corpus, label(row.method)): row for row in means.itertuples()}
        rows = zip(table.frame.corpus, table.frame.method, whole, strict=True)
        found = [known.get((corpus, method)) if all_ else None for corpus, method, all_ in rows]
        values[f"mean{PRINTED}"] = pd.Series([row and row.wer for row in found], dtype=float)
        texts[f"mean{PRINTED}"] = [
            f"{row.wer:.1f}{SIGN if row.doubt else ''}" if row else "–" for row in found
        ]
    return Table(values, texts, table.caption)
