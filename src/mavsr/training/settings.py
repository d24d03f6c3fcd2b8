"""How a model is trained."""

from dataclasses import dataclass

from mavsr.errors import InputError


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
    """Decoupled weight decay."""
    betas: tuple[float, float] = (0.9, 0.98)
    """AdamW's betas [public code]."""
    clip: float = 10.0
    """Largest gradient norm [public code]."""
    batch_frames: int = 1500
    """Most video frames (25 per second) in a batch, padding included."""
    save_every_s: float = 300.0
    """Seconds between two saves of the resume state."""

    def __post_init__(self) -> None:
        positive = ("epochs", "learning_rate", "clip", "batch_frames", "save_every_s")
        for name in positive:
            if not getattr(self, name) > 0:
                raise InputError(f"training.{name} is {getattr(self, name)}; it must be positive")
        if not self.weight_decay >= 0:
            raise InputError(f"training.weight_decay is {self.weight_decay}; give 0 or more")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise InputError(f"training.betas is {self.betas}; both must lie in [0, 1)")
        if not 0 <= self.warmup < 1:
            raise InputError(f"training.warmup is {self.warmup}; it must lie in [0, 1)")
