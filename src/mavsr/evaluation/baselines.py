"""Which model a system is compared with."""

from collections.abc import Hashable, Mapping
from typing import Any, Generic, TypeVar

import pandas as pd

from mavsr.model.scales import Scale

SETUP = [
    *("corpus", "trained_on", "split", "condition", "task", "encoders", "llm", "compression"),
    *("audio_rate", "video_rate"),
]
"""What a system shares with its baseline."""
SYSTEM = [*SETUP, "method", "variant"]
"""What the seeds of a system have in common."""
Known = TypeVar("Known")


def system_of(sidecar: Mapping[str, Any]) -> dict[str, Any]:
    """What ``wer.csv`` says of the system that made a file of hypotheses, and of what it heard."""
    origin, model = sidecar["origin"], sidecar["model"]
    scale = Scale(sidecar["audio_rate"], sidecar["video_rate"])
    return {
        "trained_on": origin["corpus"],  # where sidecars of earlier versions say nothing
        **origin,
        **{name: model[name] for name in ("method", "compression", "seed")},
        **{name: sidecar[name] for name in ("condition", "audio_rate", "video_rate")},
        "task": scale.task,
    }


class Baselines(Generic[Known]):
    """What is known of the baseline's models, by what they share with other systems."""

    def __init__(self) -> None:
        self._known: dict[Hashable, dict[str, Known]] = {}

    def add(self, shared: Hashable, variant: str | None, known: Known) -> None:
        """Note a model of the baseline; of one variant the last counts."""
        self._known.setdefault(shared, {})[variant or ""] = known

    def of(self, shared: Hashable, variant: str | None) -> Known | None:
        """Of several baselines the one that was trained as a system was.

        Args:
            shared: what the system has in common with its baseline.
            variant: of the system, such as ``r23k4s1b12-lr0.0005``; its end says how it was
                trained.

        Returns:
            That of the longest variant which ends the system's; the first where none does; None
            where there is no baseline.
        """
        known = self._known.get(shared)
        if not known:
            return None
        end = f"-{variant or ''}"
        fitting = [name for name in known if end.endswith(f"-{name}" if name else "")]
        return known[max(fitting, key=len)] if fitting else next(iter(known.values()))


def shared_by(table: pd.DataFrame, columns: list[str]) -> list[tuple]:
    """What each row of ``wer.csv`` has in ``columns``, to be compared; None for what is empty."""
    # What an imported model was trained on is not known: it stands beside those of the corpus.
    trained = table.trained_on.mask(table.trained_on.fillna("") == "", table.corpus)
    known = table.assign(trained_on=trained)[columns].astype("object")
    return list(known.where(known.notna(), None).itertuples(index=False, name=None))
