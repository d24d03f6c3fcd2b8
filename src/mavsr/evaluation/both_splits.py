"""Models decoded on validation and test, and counted: what confidence is fitted and judged on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mavsr.config.scoring import ScoringSettings
from mavsr.errors import InputError
from mavsr.evaluation.baselines import system_of
from mavsr.evaluation.hypotheses import Hypotheses, read_hypotheses
from mavsr.evaluation.units import counting
from mavsr.evaluation.word_errors import WordErrors, count_errors
from mavsr.model.scales import Scale
from mavsr.remedies import rebuild_command

ABOUT = (
    *("corpus", "trained_on", "task", "method", "variant", "encoders", "llm", "compression"),
    *("seed", "model"),
)
"""Columns that say which model a row is of, as in ``wer.csv``."""


@dataclass(frozen=True)
class Counted:
    """Hypotheses with their word errors."""

    content: Hypotheses
    errors: WordErrors
    form: Callable[[str], str]
    """What makes of a text the words, or characters, that are counted."""


@dataclass(frozen=True)
class Decoded:
    """A model at one scale, on both splits."""

    about: dict[str, Any]
    scale: Scale
    val: Counted
    test: Counted

    @property
    def tflops(self) -> float:
        """Of the LLM per test utterance, mean."""
        return float(self.test.content.sidecar["tflops"])


def read_models(
    hypotheses: Sequence[Path], validation: Sequence[Path], scoring: ScoringSettings
) -> Iterator[list[Decoded]]:
    """For each model and task its scales, the cheapest first.

    Args:
        hypotheses: ``.../<model>/clean/<scale>.jsonl`` of the test split.
        validation: ``.../<model>/val/<scale>.jsonl``, of the same models and scales.
        scoring: how words are counted.

    Raises:
        InputError: a file is missing or damaged, or lacks log-probabilities.
    """
    beside = {_place(path): path for path in validation}
    models: dict[tuple[str, str], list[Decoded]] = {}
    for path in hypotheses:
        if _place(path) not in beside:
            raise InputError(f"{path} has no hypotheses of the validation split beside it")
        test, val = _counted(path, scoring), _counted(beside[_place(path)], scoring)
        sidecar, model = test.content.sidecar, path.parent.parent.name
        scale = Scale(sidecar["audio_rate"], sidecar["video_rate"])
        known = {**system_of(sidecar), "model": model}
        one = Decoded({name: known.get(name, "") for name in ABOUT}, scale, val, test)
        # A model of several tasks has the scales of each apart.
        models.setdefault((model, scale.task), []).append(one)
    for found in models.values():
        yield sorted(found, key=lambda one: one.tflops)


def _place(path: Path) -> tuple[str, str]:
    return path.parent.parent.name, path.name


def _counted(path: Path, scoring: ScoringSettings) -> Counted:
    content = read_hypotheses(path)
    if lost := content.texts.keys() - content.found.keys():
        raise InputError(
            f"{path} has no log-probability for {min(lost)}: an earlier version decoded it; decode "
            f"again: {rebuild_command(path)}"
        )
    try:
        form = counting(scoring, content.references.values())
        return Counted(content, count_errors(content.references, content.texts, form), form)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
