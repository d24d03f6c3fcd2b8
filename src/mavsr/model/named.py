"""A model as a config names it: its settings, and what corpus, encoders and LLM are called."""

from dataclasses import dataclass

from mavsr.model.settings import ModelSettings

IMPORTED = " (imported)"
"""End of an imported model's variant in tables of scores."""


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

    @property
    def variant(self) -> str:
        """What tells models of one method apart; the whole name in print of an imported one."""
        return f"{self.label}{IMPORTED}" if self.imported else self.settings.variant

    @property
    def name(self) -> str:
        """Folder name under ``results/training``."""
        if self.imported:
            return self.imported
        s = self.settings
        rates = [f"{m[0]}{'-'.join(map(str, s.rates(m)))}" for m, _ in self.encoders]
        encoders = "+".join(name for _, name in self.encoders)
        method = [s.method, s.variant] if s.variant else [s.method]
        return ".".join(
            [self.corpus, s.task, encoders, self.llm, *method, s.compression, *rates, f"s{s.seed}"]
        )
