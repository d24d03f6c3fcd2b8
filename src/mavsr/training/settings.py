"""How a model is trained."""

from dataclasses import asdict, dataclass

from mavsr.errors import InputError

PRECISIONS = ("float32", "bf16", "bf16-true")
"""All in float32; frozen weights and computation in bfloat16 but trained weights in float32; or all
in bfloat16, as in the public code. There weight decay does nothing: a weight of eight bits changes
by 0.4 % or not at all, and learning rate x decay is 0.01 %."""
RUNNING = (
    "save_every_s",
    "workers",
    "local_features",
    "pack_tokens",
    "gradient_checkpointing",
    "tensorboard",
)
"""Settings that change time and memory, but no result save for rounding."""


@dataclass(frozen=True)
class TrainingSettings:
    """Optimisation of one model; the defaults are the paper's (Llama-MTSK, Sec. 4.1)."""

    epochs: int = 10
    """Passes over the training split. Epoch e hears and sees view e mod ``views``."""
    learning_rate: float = 1e-3
    """Peak rate of AdamW (5e-4 for VSR in the paper); cosine to zero."""
    warmup: float = 0.0
    """Share of all steps over which the rate rises from zero."""
    weight_decay: float = 0.1
    """Decoupled weight decay of every trained weight, biases and norms among them."""
    betas: tuple[float, float] = (0.9, 0.98)
    """AdamW's betas [public code]."""
    clip: float = 10.0
    """Largest gradient norm [public code]."""
    batch_frames: int = 1500
    """Most video frames (25 per second) in a batch, padding included: of all processes together,
    so that their number changes no result (in the public code: of each GPU)."""
    precision: str = "float32"
    """A name in :data:`PRECISIONS`."""
    checkpoint: str = "last"
    """``last`` keeps the last epoch's weights (paper), ``best`` those of least validation loss."""
    validation_utterances: int = 0
    """Clips of the validation split that are transcribed after every epoch, for a WER; 0: none."""
    gradient_checkpointing: bool = False
    """Compute each layer a second time in the backward pass instead of keeping what it computed."""
    workers: int = 0
    """Processes that read features ahead; 0 reads them when they are needed."""
    pack_tokens: int = 0
    """Most tokens that go through the LLM at once; 0 takes what suits the device."""
    save_every_s: float = 300.0
    """Seconds between two saves of the resume state."""
    local_features: bool = False
    """Copy the training split's cached features to the node's own disk (``TMPDIR``) first."""
    tensorboard: bool = False
    """Write the rows of ``metrics.csv`` as TensorBoard's event files too, as soon as they come."""

    def __post_init__(self) -> None:
        positive = ("epochs", "learning_rate", "clip", "batch_frames", "save_every_s")
        for name in positive:
            if not getattr(self, name) > 0:
                raise InputError(f"training.{name} is {getattr(self, name)}; it must be positive")
        for name in ("weight_decay", "validation_utterances", "workers", "pack_tokens"):
            if not getattr(self, name) >= 0:
                raise InputError(f"training.{name} is {getattr(self, name)}; give 0 or more")
        for name, known in (("precision", PRECISIONS), ("checkpoint", ("last", "best"))):
            if getattr(self, name) not in known:
                raise InputError(
                    f"training.{name} is {getattr(self, name)!r}; choose from {', '.join(known)}"
                )
        if not all(0 <= beta < 1 for beta in self.betas):
            raise InputError(f"training.betas is {self.betas}; both must lie in [0, 1)")
        if not 0 <= self.warmup < 1:
            raise InputError(f"training.warmup is {self.warmup}; it must lie in [0, 1)")

    def deciding(self) -> dict:
        """The settings that decide a run's result; a run that differs in others can be resumed."""
        return {k: v for k, v in asdict(self).items() if k not in RUNNING}
