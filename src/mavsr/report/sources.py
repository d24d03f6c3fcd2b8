"""What tables and figures are made of."""

from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from mavsr.config.cost import BUDGET, Budget
from mavsr.errors import InputError
from mavsr.report.published import published_wer
from mavsr.report.summary import summarise
from mavsr.tables import read_csv


@dataclass(frozen=True)
class ReportSettings:
    """What of the config the report reads beside the scores."""

    kinds: dict[str, str] = field(default_factory=dict)
    """Name of a corpus -> its kind, which decides whose published values may stand beside it."""
    rates: dict[str, list[int]] = field(default_factory=dict)
    """``rates`` of the config."""
    table4: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Name of an LLM -> its ``shape`` and ``lora_rank``."""
    budget: Budget = BUDGET
    """``cost.budget``: what scales are chosen by."""


_EMPTY = {"variant": "", "trained_on": ""}
"""What is empty for most models, or for imported ones, is text all the same."""


def read_adapted(path: Path) -> pd.DataFrame:
    """A table of :mod:`mavsr.evaluation.adapt`.

    Raises:
        InputError: it is missing or damaged.
    """
    return read_csv(path, "adaptive rates").fillna(_EMPTY)


def read_judged(path: Path) -> pd.DataFrame:
    """A table of :mod:`mavsr.evaluation.judge`.

    Raises:
        InputError: it is missing or damaged.
    """
    return read_csv(path, "confidence").fillna(_EMPTY)


def read_compared(path: Path) -> pd.DataFrame:
    """A table of :mod:`mavsr.evaluation.differences`.

    Raises:
        InputError: it is missing or damaged.
    """
    return read_csv(path, "differences").fillna(_EMPTY)


@dataclass(frozen=True)
class Sources:
    """Scores and settings, as the functions that make tables and figures take them."""

    scores: pd.DataFrame
    """Rows of the experiment's scores (:data:`mavsr.evaluation.score.COLUMNS`), or none."""
    settings: ReportSettings
    _: KW_ONLY
    routing: pd.DataFrame | None = None
    """Rows of :mod:`mavsr.evaluation.routing`, for figures that show experts."""
    similarity: pd.DataFrame | None = None
    """Rows of :mod:`mavsr.evaluation.similarity`, for the figure that shows tokens."""
    validation: pd.DataFrame | None = None
    """Scores on the validation split, for tables in which scales are chosen."""
    costs: pd.DataFrame | None = None
    """Rows of :mod:`mavsr.report.costs` for these scores, for the same tables."""
    adaptive: pd.DataFrame | None = None
    """Rows of :mod:`mavsr.evaluation.adapt`, where adaptive rates are shown."""
    confidence: pd.DataFrame | None = None
    """Rows of :mod:`mavsr.evaluation.judge`, for the figure that shows confidence."""
    differences: pd.DataFrame | None = None
    """Rows of :mod:`mavsr.evaluation.differences`, for the figure that shows them."""

    def published(self, *tables: str, read_off: bool = False) -> pd.DataFrame:
        """Values in print for the corpora of these scores, and for no others.

        Args:
            *tables: as in :func:`published_wer`.
            read_off: whether those that were read off figures are among them.
        """
        present = set(self.scores.corpus)
        kinds = {name: kind for name, kind in self.settings.kinds.items() if name in present}
        values = published_wer(kinds, *tables)
        return values if read_off else values[~values.doubt.str.contains("read-off")]

    def select(self, why: str, **wanted: object) -> pd.DataFrame:
        """The systems whose columns have the ``wanted`` values (:func:`summarise`).

        Args:
            why: what asks for them, for the message.
            **wanted: column -> value, or list of values.

        Raises:
            InputError: there is none.
        """
        rows = self.scores
        for column, value in wanted.items():
            rows = rows[rows[column].isin(value if isinstance(value, list) else [value])]
        if rows.empty:
            asked = ", ".join(f"{column} {value}" for column, value in wanted.items())
            raise InputError(
                f"{why} needs scores with {asked}, and its experiment has none; add them to the "
                "experiment in the config, and rules train_model and decode make them"
            )
        return summarise(rows)
