"""Command: assert what must hold of results before they are called done.

Tables and figures are only as good as the files behind them. These checks read the scores beside
what they were made of: hypotheses, their sidecars, manifests and features.
"""

import logging
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from mavsr.command import run_command
from mavsr.config.scoring import ScoringSettings
from mavsr.errors import InputError
from mavsr.evaluation.collect import KEY, joined, read_scores
from mavsr.evaluation.compare import P_VALUES
from mavsr.evaluation.coverage import differences, expected_texts
from mavsr.evaluation.hypotheses import Hypotheses, read_hypotheses
from mavsr.evaluation.units import counting
from mavsr.evaluation.word_errors import count_errors
from mavsr.features.join import UtteranceSource
from mavsr.model.cost import prefix_tokens
from mavsr.model.scales import Scale
from mavsr.noise.condition import absent, cached_as
from mavsr.tables import write_csv

HIGHEST_WER = 300.0
"""%; insertions may exceed the reference, but by so much hardly unless decoding is broken."""
_ROUNDED = 0.006
"""%; tables of earlier versions have two decimals."""
ERRORS = ("words", "substitutions", "deletions", "insertions")


def check(
    scores: Path,
    experiments: list[Path],
    hypotheses: list[Path],
    results: Path,
    output: Path,
    scoring: ScoringSettings,
) -> None:
    """Write ``output`` (CSV: subject, check, outcome), or fail with all that does not hold.

    Args:
        scores: ``wer.csv``.
        experiments: the tables of scores that it was joined from.
        hypotheses: every hypothesis file that the config asks for.
        results: the folder ``results``.
        output: the list of what was checked.
        scoring: how the hypotheses were scored.

    Raises:
        InputError: a check fails; the message lists each one.
    """
    table = read_scores(scores, sealed=False)
    found = [*check_scores(table), *check_experiments(table, experiments)]
    counts = f"{len(table)} rows for {len(hypotheses)} files"
    same = len(table) == len(hypotheses)
    found.append(("wer.csv", "a row for every hypothesis file", "" if same else counts))
    lengths: dict[tuple[str, ...], dict[str, dict[str, int]]] = {}
    for path in hypotheses:
        content = read_hypotheses(path)
        rows = rows_of(path, content, table)
        found += check_hypotheses(path, content, results, lengths)
        found += check_counts(path, content, rows, counting(scoring, content.references.values()))
    checks = pd.DataFrame(found, columns=["subject", "check", "wrong"])
    if len(wrong := checks[checks.wrong != ""]):
        listed = "\n".join(f"  {r.subject}: {r.check}: {r.wrong}" for r in wrong.itertuples())
        raise InputError(
            f"{len(wrong)} of {len(checks)} checks of {scores} fail; remove the files named and "
            f"run snakemake again, or correct what made them:\n{listed}"
        )
    write_csv(output, checks.assign(outcome="holds").drop(columns="wrong"))
    print(f"{len(checks)} checks hold")


Finding = tuple[str, str, str]
"""Subject, check, and what is wrong; "" if nothing is."""


def check_scores(table: pd.DataFrame) -> Iterator[Finding]:
    """What can be seen from ``wer.csv`` alone."""
    subject = "wer.csv"
    twice = table[table.duplicated(KEY)]
    yield subject, "rows are unique", ", ".join(twice.model.unique())
    for row in table.itertuples():
        name = f"{row.model} {row.corpus} {row.condition} {_scale(row)}"
        counts = row.substitutions + row.deletions + row.insertions
        wer = 100 * counts / row.words
        yield (
            name,
            "WER is its counts",
            "" if abs(wer - row.wer) < _ROUNDED else f"{row.wer} for {counts} of {row.words}",
        )
        yield (
            name,
            "WER within its interval, if there is one",
            ""
            if all(map(pd.isna, (row.wer_low, row.wer_high)))
            or 0 <= row.wer_low <= row.wer <= row.wer_high
            else f"{row.wer_low} to {row.wer} to {row.wer_high} %",
        )
        if row.wer > HIGHEST_WER:
            logging.warning("%s: a WER of %s %%; read what was recognised", name, row.wer)
        spread = row.wer_low_speakers, row.wer_high_speakers
        yield (
            name,
            "WER within its interval over speakers, if there is one",
            ""
            if all(map(pd.isna, spread)) or spread[0] - _ROUNDED <= row.wer <= spread[1] + _ROUNDED
            else f"{spread[0]} to {row.wer} to {spread[1]} %",
        )
        found = [getattr(row, column) for column in P_VALUES]
        given = [value for value in found if pd.notna(value)]
        yield (
            name,
            "p-values where there is a baseline",
            ""
            if pd.notna(row.baseline) == bool(given) and all(0 <= value <= 1 for value in given)
            else str(found),
        )


def check_experiments(table: pd.DataFrame, experiments: list[Path]) -> Iterator[Finding]:
    """Nothing is lost or changed between the experiments' tables and ``wer.csv``."""
    own = joined(experiments)
    yield (
        "wer.csv",
        "a row for every row of the experiments",
        "" if len(own) == len(table) else f"{len(table)} rows for {len(own)}",
    )
    both = own.merge(table, on=KEY, suffixes=("_own", ""))
    for name in [name for name in own if name not in KEY]:
        same = both[f"{name}_own"].eq(both[name]) | (both[f"{name}_own"].isna() & both[name].isna())
        yield "wer.csv", f"the experiments' {name}", ", ".join(both.model[~same].unique())


def check_hypotheses(
    path: Path,
    content: Hypotheses,
    results: Path,
    lengths: dict[tuple[str, ...], dict[str, dict[str, int]]],
) -> Iterator[Finding]:
    """Hypotheses cover their split, references are its transcripts, tokens follow the formula.

    ``lengths`` keeps what was read of features between calls.
    """
    subject = str(path)
    sidecar = content.sidecar
    corpus, split = sidecar["origin"]["corpus"], sidecar["origin"]["split"]
    scale = Scale(sidecar["audio_rate"], sidecar["video_rate"])
    where = _features(sidecar, scale, results)
    away = absent(sidecar["condition"])
    place = (*(str(index) for index in where.values()), away or "")
    manifest = results / "corpus" / corpus / f"{split}.parquet"
    if place not in lengths:
        lengths[place] = UtteranceSource(manifest, where, absent=away).lengths()
    clips = lengths[place]
    for what, wrong in differences(content, expected_texts(results, corpus, split)).items():
        yield subject, what, wrong
    tokens = [prefix_tokens(clip, scale, sidecar["prompt_tokens"]) for clip in clips.values()]
    mean = sum(tokens) / len(tokens)
    yield (
        subject,
        "tokens follow the formula",
        "" if math.isclose(mean, sidecar["tokens"]) else f"{sidecar['tokens']}, not {mean}",
    )


def check_counts(
    path: Path, content: Hypotheses, rows: pd.DataFrame, normalise: Callable[[str], str]
) -> Iterator[Finding]:
    """The hypotheses have one row in ``wer.csv``, and its counts are those of scoring them anew."""
    held = rows[["utterances", *ERRORS]].astype(int).to_numpy().tolist()
    errors = count_errors(content.references, content.texts, normalise)
    own = [len(errors.keys), *(int(getattr(errors, name).sum()) for name in ERRORS)]
    yield (
        str(path),
        "one row in wer.csv with its counts",
        "" if held == [own] else f"utterances, {', '.join(ERRORS)} are {own}, in wer.csv {held}",
    )


def rows_of(path: Path, content: Hypotheses, table: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``wer.csv`` for a hypothesis file."""
    sidecar = content.sidecar
    mine = table[
        (table.model == path.parent.parent.name)
        & (table.condition == sidecar["condition"])
        & (table.corpus == sidecar["origin"]["corpus"])
    ]
    scale = Scale(sidecar["audio_rate"], sidecar["video_rate"]).name
    # Not mine[...]: of no rows at all, an empty list would select columns.
    return mine.loc[[_scale(row) == scale for row in mine.itertuples()]]


def _features(sidecar: dict, scale: Scale, results: Path) -> dict[str, Path]:
    """Modality -> ``index.json`` of the features that were decoded."""
    origin = sidecar["origin"]
    encoders = dict(zip(scale.rates, origin["encoders"].split("+"), strict=True))
    return {
        modality: results
        / "features"
        / encoder
        / origin["corpus"]
        / origin["split"]
        / cached_as(sidecar["condition"], modality)
        / "index.json"
        for modality, encoder in encoders.items()
    }


def _scale(row: Any) -> str:
    rates = (None if pd.isna(rate) else int(rate) for rate in (row.audio_rate, row.video_rate))
    return Scale(*rates).name


if __name__ == "__main__":
    run_command(check)
