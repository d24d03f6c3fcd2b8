"""A model as a config names it: its settings, and what corpus, encoders and LLM are called."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mavsr.model.settings import ModelSettings

IMPORTED = " (imported)"
"""End of an imported model's variant in tables of scores."""
AUTHORS = " (authors' weights)"
"""End of the name in print that an imported model has unless a config gives it another."""
TUNED = {
    "learning_rate": "lr",
    "epochs": "epochs",
    "warmup": "warmup",
    "weight_decay": "decay",
    "clip": "clip",
    "batch_frames": "frames",
    "lora_rank": "rank",
    "rates_per_step": "rates",
    "audio_dropout": "noaudio",
    "video_dropout": "novideo",
}
"""Training setting that an experiment's entry may state -> what it is called in a model's name."""


def written(value: float | str) -> str:
    """A value for a name; a number in full, as an exponent's minus would part the name."""
    if isinstance(value, str):
        return value
    return format(Decimal(repr(value)).normalize(), "f")


def mixture_name(parts: tuple[tuple[str, float | None], ...]) -> str:
    """What training corpora are called together: ``lrs2+lrs3``, ``lrs2@1+lrs3@2``."""
    return "+".join(
        name if weight is None else f"{name}@{written(weight)}" for name, weight in parts
    )


@dataclass(frozen=True)
class Model:
    """One model: to be trained, or imported."""

    corpus: str
    encoders: tuple[tuple[str, str], ...]
    """(modality, name of the encoder in the config), audio before video."""
    llm: str
    """Name of the LLM in the config."""
    settings: ModelSettings
    imported: str = ""
    """Name of the folder of an imported model; "" for one that is trained here."""
    label: str = ""
    """Name in print of an imported model."""
    tuned: tuple[tuple[str, Any], ...] = ()
    """(key, value) of the training settings that its entry states, which its name holds."""
    mixed: tuple[tuple[str, float | None], ...] = ()
    """(corpus, weight or None) where it is trained on several; ``corpus`` then names them all."""

    @property
    def corpora(self) -> tuple[str, ...]:
        """What it is trained on."""
        return tuple(name for name, _ in self.mixed) or (self.corpus,)

    @property
    def shares(self) -> dict[str, float]:
        """Corpus -> share of the hours of an epoch; empty where every clip occurs once."""
        given = {name: weight for name, weight in self.mixed if weight is not None}
        return {name: weight / sum(given.values()) for name, weight in given.items()}

    @property
    def variant(self) -> str:
        """What tells models of one method apart; the whole name in print of an imported one."""
        if self.imported:
            return f"{self.label}{IMPORTED}"
        tuned = [f"{TUNED[key]}{written(value)}" for key, value in self.tuned]
        return "-".join(filter(None, [self.settings.variant, *tuned]))

    @property
    def name(self) -> str:
        """Folder name under ``results/training``."""
        if self.imported:
            return self.imported
        s = self.settings
        rates = [f"{m[0]}{'-'.join(map(str, s.rates(m)))}" for m, _ in self.encoders]
        encoders = "+".join(name for _, name in self.encoders)
        method = [s.method, self.variant] if self.variant else [s.method]
        return ".".join(
            [self.corpus, s.task, encoders, self.llm, *method, s.compression, *rates, f"s{s.seed}"]
        )
