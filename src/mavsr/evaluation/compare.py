"""Which systems differ from the baseline: per seed, and with the seeds of both pooled."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mavsr.config.scoring import ScoringSettings
from mavsr.errors import InputError
from mavsr.evaluation.baselines import SETUP, SYSTEM, Baselines, shared_by
from mavsr.evaluation.clusters import Clusters, by_utterance, p_value
from mavsr.evaluation.word_errors import WordErrors

P_VALUES = ["p_value", "p_speakers", "p_seeds"]
"""Columns: of two models over utterances, the same over speakers, and of all their seeds."""


@dataclass(frozen=True)
class Scored:
    """A file of hypotheses and its errors."""

    path: Path
    errors: WordErrors
    speakers: Clusters | None
    """The errors by speaker; None if too few are named."""


def compare(table: pd.DataFrame, found: list[Scored], scoring: ScoringSettings) -> None:
    """Fill ``baseline``, ``seeds`` and the p-values in place.

    Args:
        table: a row per file; columns of :data:`mavsr.evaluation.score.COLUMNS`.
        found: the files, in the order of the rows.
        scoring: baseline, and seed of the bootstrap.

    Raises:
        InputError: a system and its baseline transcribed different utterances.
    """
    setups, systems = shared_by(table, SETUP), shared_by(table, SYSTEM)
    members: dict[tuple, list[int]] = {}
    for place, system in enumerate(systems):
        members.setdefault(system, []).append(place)
    baselines = Baselines[int]()
    for place, name in enumerate(table.method):
        if name == scoring.baseline:
            baselines.add(setups[place], systems[place][-1], place)
    filled = []
    for place, system in enumerate(systems):
        row: dict[str, object] = {"baseline": None, "seeds": len(members[system])}
        base = baselines.of(setups[place], system[-1])
        if table.method[place] != scoring.baseline and base is not None:
            theirs = members[systems[base]]
            for other in theirs:
                if table.seed[other] == table.seed[place]:
                    row |= _pair(found[place], found[other], scoring.seed)
            ours = [found[n] for n in members[system]]
            row |= _pooled(ours, [found[n] for n in theirs], scoring.seed)
        if any(pd.notna(row.get(name)) for name in P_VALUES):
            row["baseline"] = scoring.baseline
        filled.append(row)
    columns = pd.DataFrame(filled, table.index, ["baseline", "seeds", *P_VALUES])
    table[columns.columns] = columns.astype({**dict.fromkeys(P_VALUES, float), "baseline": object})


def _pair(one: Scored, other: Scored, seed: int) -> dict[str, float]:
    """p-values of two models, over utterances and over speakers."""
    with _named(one, other):
        ours, theirs = by_utterance(one.errors), by_utterance(other.errors)
        found = {"p_value": _digits(p_value([ours], [theirs], seed))}
        if one.speakers and other.speakers:
            found["p_speakers"] = _digits(p_value([one.speakers], [other.speakers], seed))
    return found


def _pooled(ours: list[Scored], theirs: list[Scored], seed: int) -> dict[str, float]:
    """p-value of two systems of several seeds: over speakers where they are named, else utterances.

    Empty where either has one seed, as then nothing tells what another would change.
    """
    if min(len(ours), len(theirs)) < 2:
        return {}
    with _named(*ours, *theirs):
        return {"p_seeds": _digits(p_value(_units(ours), _units(theirs), seed))}


def _units(models: list[Scored]) -> list[Clusters]:
    return [model.speakers or by_utterance(model.errors) for model in models]


def _digits(p: float) -> float:
    """Four digits, so that a small p-value is none of zero."""
    return float(f"{p:.4g}")


@contextmanager
def _named(*files: Scored) -> Iterator[None]:
    """Name the files that cannot be compared."""
    try:
        yield
    except InputError as error:
        paths = " and ".join(str(one.path) for one in files)
        raise InputError(f"{paths}: {error}") from error
