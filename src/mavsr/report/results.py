"""Command: what a run found on one page, ready to paste (``python -m mavsr.report.results``)."""

import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mavsr.command import run_command
from mavsr.config.scoring import ScoringSettings
from mavsr.evaluation.collect import read_scores
from mavsr.evaluation.hypotheses import read_sidecar
from mavsr.files import atomic
from mavsr.report.layout import markdown
from mavsr.report.measured import Origins, measured
from mavsr.report.names import (
    condition_label,
    condition_rank,
    flops_unit,
    label,
    plain,
    rank,
    scale_labels,
)
from mavsr.report.summary import rate_name
from mavsr.tables import read_csv

UNKNOWN = "not recorded"
CAPTION = (
    "S, D, I: {units} taken for others, missed, and said by nobody; {rate} in %, their sum over "
    "the {units} of the references; tokens and FLOPs of the LLM per utterance. {shared}What the "
    "intervals leave out: docs/methods.md."
)
ALWAYS = ("method", "rates", "S", "D", "I", "95 % interval", "tokens")
"""Columns that are shown even if all rows have the same in them."""


def results(
    scores: Path,
    settings: list[Path],
    ledgers: list[Path],
    scoring: ScoringSettings,
    origins: Origins,
    options: str,
    output: Path,
    first_page: Path,
) -> None:
    """Write ``output`` (Markdown), and ``first_page``: its first lines for Snakemake's report.

    Args:
        scores: ``wer.csv``.
        settings: sidecars of all hypothesis files; they hold what made them.
        ledgers: ``ledger_summary.csv`` of each corpus.
        scoring: how hypotheses were scored.
        origins: which encoders, LLMs and corpora the workflow makes itself.
        options: those of the command line that chose it; empty for the embedded default.
        output: the page.
        first_page: reStructuredText.
    """
    table = read_scores(scores, sealed=False)
    sidecars = [read_sidecar(path) for path in settings]
    commits = sorted({str(one.get("commit") or "outside a checkout") for one in sidecars})
    told = measured(table, origins, commits)
    lines = [
        "# Results",
        "",
        f"**{told}**",
        "",
        f"- Written {datetime.date.today().isoformat()}; config: {options or 'config.yaml'}",
        *(f"- {line}" for line in made_by(sidecars)),
        *(f"- {line}" for line in decoding(sidecars, table)),
        f"- Scoring: normaliser {scoring.normaliser}, baseline {scoring.baseline or 'none'}",
        "",
        "## Error rates",
        "",
        markdown(*errors_by_scale(table)),
        "## Clips",
        "",
        *(markdown(used(path), f"Clips of {path.parent.name}, by split.") for path in ledgers),
    ]
    with atomic(output) as partial:
        partial.write_text("\n".join(lines), encoding="utf-8")
    with atomic(first_page) as partial:
        partial.write_text(f"**{told}**\n", encoding="utf-8")


def made_by(sidecars: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Hardware and software that decoded, and how long it took."""
    hardware = sorted({one.get("hardware") or UNKNOWN for one in sidecars})
    yield f"Decoded on: {'; '.join(hardware)}"
    versions = [{"python": one.get("python", "?"), **one.get("versions", {})} for one in sidecars]
    names = list(dict.fromkeys(name for each in versions for name in each))
    found = {name: sorted({str(each.get(name, "?")) for each in versions}) for name in names}
    told = (f"{name} {', '.join(each)}" for name, each in found.items())
    yield f"Software: {'; '.join(told)}"
    hours = sum(one["seconds"] for one in sidecars) / 3600
    yield f"Decoding took {hours:.2f} hours in all, {len(sidecars)} files of hypotheses"


def decoding(sidecars: Sequence[dict[str, Any]], table: pd.DataFrame) -> Iterator[str]:
    """What decides the transcripts beside the models, a line for each way there was."""
    ways = [one.get("decoding", {}) for one in sidecars]
    told = (
        f"Decoding: profile {way.get('profile', '?')}, {way.get('beams', '?')} beams, at most "
        f"{way.get('max_new_tokens', '?')} tokens"
        for way in ways
    )
    for line in dict.fromkeys(told):
        yield f"{line} (longer references: {table.cut.max():g} % of a file at most)"


def errors_by_scale(table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """A row per score: counts, rate with its interval, and what it costs, as text; its caption."""
    factor, unit = flops_unit(table.tflops.max())
    rate = rate_name(table)
    units = {"WER": "words", "CER": "characters"}.get(rate, "words or characters")
    order = table.assign(
        rank=table.method.map(rank),
        noise=table.condition.map(condition_rank),
        place=range(len(table)),
    )
    by = ["corpus", "task", "noise", "rank", "variant", "place"]
    rows = order.sort_values(by, kind="stable")
    shown = {
        "corpus": rows.corpus,
        "trained on": rows.trained_on,
        "task": rows.task,
        "condition": rows.condition.map(condition_label),
        "method": [label(m, v) for m, v in zip(rows.method, rows.variant, strict=True)],
        "compression": rows.compression,
        "encoders": rows.encoders,
        "LLM": rows.llm,
        "seed": rows.seed,
        "rates": scale_labels(rows),
        "utterances": rows.utterances,
        units: rows.words,
        "S": rows.substitutions,
        "D": rows.deletions,
        "I": rows.insertions,
        rate: rows.wer.map("{:.1f}".format),
        "95 % interval": _bounds(rows.wer_low, rows.wer_high),
        "over speakers": _bounds(rows.wer_low_speakers, rows.wer_high_speakers),
        "tokens": rows.tokens.map("{:.1f}".format),
        unit: (rows.tflops * factor).map(plain),
    }
    frame = pd.DataFrame({name: list(values) for name, values in shown.items()})
    always = (*ALWAYS, units, rate, unit)
    alone = [name for name in frame if name not in always and frame[name].nunique() == 1]
    same = {name: str(frame[name].iloc[0]) for name in alone}
    told = "; ".join(f"{name} {value}" for name, value in same.items() if value not in ("", "–"))
    shared = f"All rows: {told}. " if told else ""
    return frame.drop(columns=alone), CAPTION.format(units=units, rate=rate, shared=shared)


def _bounds(low: pd.Series, high: pd.Series) -> list[str]:
    return ["–" if pd.isna(a) else f"{a:.1f} to {b:.1f}" for a, b in zip(low, high, strict=True)]


def used(path: Path) -> pd.DataFrame:
    """Of a corpus: split, outcome, cause, clips and hours."""
    table = read_csv(path, "ledger summary").fillna({"cause": ""})
    shown = table[table.split != "all"][["split", "outcome", "cause", "clips", "hours"]]
    return shown.assign(hours=shown.hours.map("{:.2f}".format))


if __name__ == "__main__":
    run_command(results)
