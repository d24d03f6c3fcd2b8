"""A model as a config names it: its settings, and what corpus, encoders and LLM are called."""

from dataclasses import dataclass

from mavsr.model.settings import ModelSettings


@dataclass(frozen=True)
class Model:
    """One model to train."""

    corpus: str
    encoders: tuple[tuple[str, str], ...]
    """(modality, name of the encoder in the config), audio before video."""
    llm: str
    """Name of the LLM in the config."""
    settings: ModelSettings

    @property
    def name(self) -> str:
        """Folder name under ``results/training``."""
        s = self.settings
        rates = [f"{m[0]}{'-'.join(map(str, s.rates(m)))}" for m, _ in self.encoders]
        encoders = "+".join(name for _, name in self.encoders)
        method = [s.method, s.variant] if s.variant else [s.method]
        return ".".join(
            [self.corpus, s.task, encoders, self.llm, *method, s.compression, *rates, f"s{s.seed}"]
        )
