"""What defines a model: enough to build it empty, and written into its ``run.json``."""

from dataclasses import asdict, dataclass

from mavsr.errors import InputError
from mavsr.model.scales import COMPRESSIONS, TASKS, Scale, all_scales, check_rate


@dataclass(frozen=True)
class ModelSettings:
    """A Matryoshka model over frozen encoders and a frozen LLM."""

    task: str
    """``asr``, ``vsr`` or ``avsr``."""
    method: str
    """``llama-avsr``, ``mtsk-ms``, ``mtsk-ss`` or ``mtsk-mss``; see :mod:`mavsr.model.lora`."""
    compression: str
    """``avgpool`` or ``stack``."""
    audio_rates: tuple[int, ...]
    """Rates of the audio tokens; ignored by ``vsr``."""
    video_rates: tuple[int, ...]
    """Rates of the video tokens; ignored by ``asr``."""
    llm: str
    """Hugging Face folder or id of the causal language model."""
    llm_revision: str | None
    """Commit or tag of a hub model; None takes the newest."""
    lora_rank: int
    """r of every LoRA."""
    lora_scale: float
    """s, the factor before every LoRA (1/8 in the paper)."""
    projector_hidden: int
    """Width inside the projectors (2048 in the public code)."""
    projector_layer_norm: bool
    """End each projector with a LayerNorm."""
    seed: int
    """Seed of projectors, LoRAs and marker rows."""

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise InputError(f"task {self.task!r} is unknown; choose from {', '.join(TASKS)}")
        if self.compression not in COMPRESSIONS:
            raise InputError(
                f"compression {self.compression!r} is unknown; "
                f"choose from {', '.join(COMPRESSIONS)}"
            )
        for name in ("lora_rank", "lora_scale", "projector_hidden"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} is {getattr(self, name)}; it must be positive")
        for modality in TASKS[self.task]:
            rates = self.rates(modality)
            for rate in rates:
                check_rate(rate, f"a rate in {modality}_rates")
            if list(rates) != sorted(set(rates)) or not rates:
                raise InputError(f"{modality}_rates {list(rates)}: list each rate once, ascending")

    def rates(self, modality: str) -> tuple[int, ...]:
        """The rates of ``audio`` or ``video``."""
        return self.audio_rates if modality == "audio" else self.video_rates

    @property
    def scales(self) -> list[Scale]:
        """All scales the model is trained for."""
        return all_scales(self.task, self.audio_rates, self.video_rates)

    @classmethod
    def from_dict(cls, content: dict) -> "ModelSettings":
        """Settings from the JSON object that :func:`dataclasses.asdict` gives."""
        rates = {name: tuple(content[name]) for name in ("audio_rates", "video_rates")}
        return cls(**{**content, **rates})

    def to_dict(self) -> dict:
        """A JSON object with every setting."""
        return asdict(self)
