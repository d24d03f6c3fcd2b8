"""Which systems differ from the baseline: per seed, and with the seeds of both pooled."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd

from mavsr.config.scoring import ScoringSettings
from mavsr.errors import InputError
from mavsr.evaluation.clusters import Clusters, by_utterance, p_value
from mavsr.evaluation.word_errors import WordErrors

SETUP = [
    *("corpus", "trained_on", "split", "condition", "task", "encoders", "llm", "compression"),
    *("audio_rate", "video_rate"),
]
"""What a system shares with its baseline."""
SYSTEM = [*SETUP, "method", "variant"]
"""What the seeds of a system have in common."""
Known = TypeVar("Known")
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
    # What an imported model was trained on is not known: it stands beside those of the corpus.
    trained = table.trained_on.mask(table.trained_on == "", table.corpus)
    known = table.assign(trained_on=trained)
    setups, systems = _keys(known, SETUP), _keys(known, SYSTEM)
    members: dict[tuple, list[int]] = {}
    for place, system in enumerate(systems):
        members.setdefault(system, []).append(place)
    of_setup: dict[tuple, dict[str, int]] = {}
    of_seed: dict[tuple, dict[str, int]] = {}
    for place, name in enumerate(table.method):
        if name == scoring.baseline:
            variant = systems[place][-1] or ""
            of_setup.setdefault(setups[place], {})[variant] = place
            of_seed.setdefault((setups[place], table.seed[place]), {})[variant] = place
    rows = []
    for place, system in enumerate(systems):
        row: dict[str, object] = {"baseline": None, "seeds": len(members[system])}
        if table.method[place] != scoring.baseline:
            own = system[-1] or ""
            if others := of_seed.get((setups[place], table.seed[place])):
                row |= _pair(found[place], found[nearest(own, others)], scoring.seed)
            if others := of_setup.get(setups[place]):
                ours, theirs = members[system], members[systems[nearest(own, others)]]
                row |= _pooled([found[n] for n in ours], [found[n] for n in theirs], scoring.seed)
        if len(row) > 2:
            row["baseline"] = scoring.baseline
        rows.append(row)
    filled = pd.DataFrame(rows, table.index, ["baseline", "seeds", *P_VALUES])
    table[filled.columns] = filled.astype({**dict.fromkeys(P_VALUES, float), "baseline": object})


def nearest(variant: str, known: Mapping[str, Known]) -> Known:
    """Of several baselines the one that was trained as a system was.

    Args:
        variant: of the system, such as ``r23k4s1b12-lr0.0005``; its end says how it was trained.
        known: variant of a baseline -> what is known of it; not empty.

    Returns:
        That of the longest variant which ends the system's; the first where none does.
    """
    fitting = [name for name in known if f"-{variant}".endswith(f"-{name}" if name else "")]
    return known[max(fitting, key=len)] if fitting else next(iter(known.values()))


def _pair(one: Scored, other: Scored, seed: int) -> dict[str, float]:
    """p-values of two models, over utterances and over speakers."""
    with _named(one, other):
        found = {"p_value": round(one.errors.p_value(other.errors, seed), 4)}
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


def _keys(table: pd.DataFrame, columns: list[str]) -> list[tuple]:
    """What a row's system is, or has in common with others; None for what is empty."""
    known = table[columns].astype("object")
    return list(known.where(known.notna(), None).itertuples(index=False, name=None))
