"""What is decoded: a model at a scale under a condition; where there is a choice of scales."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mavsr.config.config import Config
from mavsr.errors import InputError
from mavsr.model.methods import method_of
from mavsr.model.named import Model
from mavsr.model.scales import Scale
from mavsr.report.catalogue import CHOOSING, TABLES

LONGEST_NAME = 230
"""Bytes of a model's name: of a file system's 255 some are its pages', while they are written."""


@dataclass(frozen=True)
class Evaluation:
    """One model, decoded at one scale under one condition on the test split of one corpus."""

    model: Model
    condition: str
    scale: Scale
    corpus: str

    @property
    def at(self) -> str:
        """What its folder's name says of the corpus: nothing if it is the model's own."""
        return "" if self.model.corpora == (self.corpus,) else f"@{self.corpus}"

    @property
    def wildcards(self) -> dict[str, str]:
        """Of its job and files."""
        return {
            "model": self.model.name,
            "condition": self.condition,
            "at": self.at,
            "scale": self.scale.name,
        }

    @property
    def path(self) -> str:
        """Hypothesis file below ``results/evaluation``, without its suffix."""
        return "{model}/{condition}{at}/{scale}".format(**self.wildcards)


def models_of(found: Iterable[Evaluation]) -> dict[str, Model]:
    """Name -> model of evaluations.

    Raises:
        InputError: two that differ have one name, or one's is too long for a file.
    """
    models: dict[str, Model] = {}
    for e in found:
        if models.setdefault(e.model.name, e.model) != e.model:
            raise InputError(
                f"config: two models that differ are both called {e.model.name}, as a name holds "
                "six digits of a number; round the numbers in their entries"
            )
    for name in models:
        if (size := len(name.encode())) > LONGEST_NAME:
            raise InputError(
                f"config: a model would be called {name}, and files of it, with {size} bytes where "
                f"{LONGEST_NAME} have room; shorten names of corpora, encoders and LLMs, or name "
                "fewer of mome.scale_weights"
            )
    return models


def choosable(found: Iterable[Evaluation]) -> list[Evaluation]:
    """Of evaluations those among whose scales there is a choice, for which validation is decoded.

    They are of models of several scales that were trained here, on clean clips of the corpus whose
    validation split they know.
    """
    return [
        e
        for e in found
        if e.condition == "clean"
        and not e.at
        and not e.model.imported
        and method_of(e.model.settings.method).models == "one"
        and len(e.model.settings.scales) > 1
    ]


def choices(asked: Mapping[str, list[Evaluation]]) -> list[Evaluation]:
    """The :func:`choosable` ones of the experiments whose tables choose among scales.

    Args:
        asked: name of an experiment -> its evaluations.
    """
    shown = {TABLES[name] for name in CHOOSING}
    return [e for name in asked if name in shown for e in choosable(asked[name])]


def check_start(config: Config, asked: Mapping[str, list[Evaluation]]) -> None:
    """Raise InputError if no model whose rates adapt is decoded at the scale to start at."""
    scales = dict.fromkeys(e.scale.name for e in choices(asked))
    if config.elastic.start and scales and config.elastic.start not in scales:
        shown = " or ".join(sorted({str(TABLES[name]) for name in CHOOSING}))
        raise InputError(
            f"config: elastic.start is {config.elastic.start!r}, at which no model of experiments."
            f"{shown} is decoded; choose one of {', '.join(scales)}, or null for a model's cheapest"
        )
