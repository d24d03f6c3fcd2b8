"""What defines a model: enough to build it empty, and written into its ``run.json``."""

from dataclasses import asdict, dataclass
from typing import Any

from mavsr.config.encoders import OURS
from mavsr.config.llms import LORA_TARGETS, WEIGHT_BYTES
from mavsr.config.resampler import ResamplerSettings
from mavsr.errors import InputError
from mavsr.model.adapters.settings import MomeSettings
from mavsr.model.compressions import COMPRESSIONS, compression_of
from mavsr.model.methods import METHODS, method_of
from mavsr.model.scales import MODALITIES, OMNI, Scale, all_scales, check_rate
from mavsr.numerics import numerics_of

SECTIONS = {"mome": MomeSettings, "resampler": ResamplerSettings}
"""Field of :class:`ModelSettings` that an adapter or a compression needs -> its class, which has a
``code`` for the model's name; ``check_rates`` and ``parameters`` too if it is a compression's."""


@dataclass(frozen=True)
class ModelSettings:
    """A Matryoshka model over frozen encoders and a frozen LLM."""

    task: str
    """``asr``, ``vsr``, ``avsr``, or ``omni`` for the three by one model."""
    method: str
    """A name of :data:`mavsr.model.methods.METHODS`."""
    compression: str
    """A name of :data:`mavsr.model.compressions.COMPRESSIONS`."""
    audio_rates: tuple[int, ...]
    """Rates of the audio tokens in training; ignored by ``vsr``."""
    video_rates: tuple[int, ...]
    """Rates of the video tokens in training; ignored by ``asr``."""
    llm: str
    """Hugging Face folder or id of the causal language model."""
    llm_revision: str | None
    """Commit or tag of a hub model; None takes the newest."""
    lora_rank: int | None
    """r of every LoRA; None for methods without."""
    lora_scale: float | None
    """s, the factor before every LoRA (1/8 in the paper); None for methods without."""
    projector_hidden: int
    """Width inside the projectors (2048 in the public code)."""
    projector_layer_norm: bool | str
    """End each projector with a LayerNorm; ``audio`` or ``video``: only those of this modality."""
    seed: int
    """Seed of projectors, adapters and marker rows."""
    lora_targets: tuple[str, ...] | None = LORA_TARGETS
    """Linear layers of the LLM that have LoRAs; None for methods without."""
    mome: MomeSettings | None = None
    """The experts; None for methods without."""
    numerics: str = OURS
    """A profile of :mod:`mavsr.numerics`: how the LLM rotates, and how transcripts are searched."""
    resampler: ResamplerSettings | None = None
    """The learned queries; None for compressions without."""
    quantization: str | None = None
    """How the LLM's frozen weights are held (:mod:`mavsr.model.quantization`)."""

    def __post_init__(self) -> None:
        self._check_task()
        self._check_sections()
        self._check_sizes()
        self._check_rates()
        self._check_scale_weights()

    def _check_task(self) -> None:
        method = method_of(self.method)
        if self.task not in MODALITIES:
            raise InputError(f"task {self.task!r} is unknown; choose from {', '.join(MODALITIES)}")
        if method.omni != (self.task == OMNI):
            fitting = ", ".join(
                name for name, m in METHODS.items() if m.omni == (self.task == OMNI)
            )
            raise InputError(
                f"method {self.method} is not one for the task {self.task}; set task: omni for one "
                f"model of ASR, VSR and AVSR, or take one of the task's methods: {fitting}"
            )

    def _check_sections(self) -> None:
        method, compression = method_of(self.method), compression_of(self.compression)
        compressing = {known.section for known in COMPRESSIONS.values()}
        for name in SECTIONS:
            given, needed = self.section(name), name in (method.section, compression.section)
            if needed != (given is not None):
                own = name in compressing
                owner = f"compression {self.compression}" if own else f"method {self.method}"
                raise InputError(f"{owner} {'needs' if needed else 'has no'} {name}")

    def _check_sizes(self) -> None:
        numerics_of(self.numerics)
        if self.quantization not in WEIGHT_BYTES:
            formats = ", ".join(filter(None, WEIGHT_BYTES))
            raise InputError(
                f"quantization {self.quantization!r} is unknown; choose {formats}, or none"
            )
        lora = method_of(self.method).adapter == "lora"
        for name in (*(("lora_rank", "lora_scale") if lora else ()), "projector_hidden"):
            if not (getattr(self, name) or 0) > 0:
                raise InputError(f"{name} is {getattr(self, name)}; it must be positive")
        if lora and not self.lora_targets:
            raise InputError("lora_targets is empty; the papers adapt q_proj and v_proj")

    def _check_rates(self) -> None:
        method, compression = method_of(self.method), compression_of(self.compression)
        for modality in MODALITIES[self.task]:
            rates = self.rates(modality)
            for rate in rates:
                check_rate(rate, f"a rate in {modality}_rates")
            if list(rates) != sorted(set(rates)) or not rates:
                raise InputError(f"{modality}_rates {list(rates)}: list each rate once, ascending")
            if compression.section:
                self.section(compression.section).check_rates(rates, f"{modality}_rates")
        several = any(len(self.rates(modality)) > 1 for modality in MODALITIES[self.task])
        if method.models == "per scale" and several:
            raise InputError(
                f"{self.method} trains one model per scale, not one for {len(self.scales)} scales"
            )
        if method.models == "uncompressed":
            self._check_uncompressed()

    def _check_scale_weights(self) -> None:
        for name, _ in self.mome.scale_weights if self.mome else ():
            if name not in [scale.name for scale in self.scales]:
                raise InputError(
                    f"mome.scale_weights names {name}, which is not one of this model's scales: "
                    f"{', '.join(scale.name for scale in self.scales)}; give weights where the "
                    "rates are given, in the experiment's entry"
                )
        if not any(map(self.scale_weight, self.scales)):
            raise InputError(
                "mome.scale_weights are 0 for all scales, so nothing would be learnt; give one more"
            )

    def _check_uncompressed(self) -> None:
        if not compression_of(self.compression).pools:
            raise InputError(
                f"{self.method} pools tokens for projectors of single tokens, which compression "
                f"{self.compression!r} does not do; set compression: avgpool"
            )
        rates = {rate for modality in MODALITIES[self.task] for rate in self.rates(modality)}
        if rates != {1}:
            raise InputError(f"{self.method} is trained at rate 1 alone, not at {sorted(rates)}")

    def section(self, name: str) -> Any:
        """The settings of one of :data:`SECTIONS`; None if this model has none of it."""
        return getattr(self, name)

    def rates(self, modality: str) -> tuple[int, ...]:
        """The rates of ``audio`` or ``video``."""
        return self.audio_rates if modality == "audio" else self.video_rates

    def layer_norm(self, modality: str) -> bool:
        """Whether projectors of ``modality`` end with a LayerNorm."""
        return self.projector_layer_norm in (True, modality)

    @property
    def scales(self) -> list[Scale]:
        """All scales the model is trained for."""
        return all_scales(self.task, self.audio_rates, self.video_rates)

    def check_scale(self, scale: Scale) -> None:
        """Raise InputError unless the model can be used at ``scale``.

        A model that is pooled at test time serves every scale of its task, others those they were
        trained for.
        """
        if method_of(self.method).models == "uncompressed":
            if set(scale.rates) != set(MODALITIES[self.task]):
                raise InputError(f"scale {scale.name} does not fit the task {self.task}")
        elif scale not in self.scales:
            raise InputError(
                f"scale {scale.name} is not one of this model's scales: "
                + ", ".join(known.name for known in self.scales)
            )

    def projector_rate(self, rate: int) -> int:
        """The rate whose projector takes tokens that were compressed by ``rate``."""
        return 1 if method_of(self.method).models == "uncompressed" else rate

    def scale_weight(self, scale: Scale) -> float:
        """c_ij, the weight of a scale's loss among those of its task (MoME, loss over scales)."""
        return dict(self.mome.scale_weights).get(scale.name, 1.0) if self.mome else 1.0

    @property
    def variant(self) -> str:
        """What tells models of one method apart, as in their names; "" for most LoRA methods."""
        sections = map(self.section, SECTIONS)
        return "-".join(part.code for part in sections if part and part.code)

    @classmethod
    def from_dict(cls, content: dict) -> "ModelSettings":
        """Settings from the JSON object that :meth:`to_dict` gives."""
        lists = ("audio_rates", "video_rates", "lora_targets")
        tuples = {k: tuple(content[k]) for k in lists if content.get(k) is not None}
        parts = {key: kind(**content[key]) for key, kind in SECTIONS.items() if content.get(key)}
        return cls(**{**content, **tuples, **parts})

    def to_dict(self) -> dict:
        """A JSON object with every setting, but for those of later versions that change nothing.

        So what was trained before there was such a setting has the params and the fingerprint that
        it had: no update trains it again, or gives up its state.
        """
        later = {"quantization": None}
        return {k: v for k, v in asdict(self).items() if (k, v) not in later.items()}
