"""How features are made, apart from the encoder and the condition."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from mavsr.encoders.batches import Precision
from mavsr.errors import InputError

DType = Literal["float16", "bfloat16", "float32"]
LongClips = Literal["error", "split", "truncate"]


@dataclass(frozen=True)
class ExtractSettings:
    """How features are made, apart from the encoder and the condition.

    Attributes:
        seed: of the training views.
        flip: whether training views are mirrored half of the time.
        dtype: of the stored tokens. float16 is finer, bfloat16 never overflows.
        precision: of the encoder's matrix products.
        long_clips: what happens to sound beyond Whisper's chunk: ``error`` names the clip;
            ``split`` encodes it in pieces and joins their tokens; ``truncate`` keeps the first
            ``longest_s`` of both sound and pictures.
        longest_s: see ``long_clips``; seconds.
        pool: store means of so many audio tokens instead of all; every rate must be a multiple.
        batch_s: most seconds that a GPU encodes together; changes no result beyond rounding.

    """

    seed: int = 0
    flip: bool = True
    dtype: DType = "float16"
    precision: Precision = "float32"
    long_clips: LongClips = "error"
    longest_s: float = 30.0
    pool: int = 1
    batch_s: float = 240.0

    @property
    def limit_s(self) -> float:
        """Where clips are cut off, seconds; infinite if they are not."""
        return self.longest_s if self.long_clips == "truncate" else math.inf

    def __post_init__(self) -> None:
        choices = {"dtype": DType, "precision": Precision, "long_clips": LongClips}
        for name, kind in choices.items():
            if getattr(self, name) not in get_args(kind):
                known = ", ".join(get_args(kind))
                raise InputError(f"{name} is {getattr(self, name)!r}; choose {known}")
        for name in ("longest_s", "pool", "batch_s"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} is {getattr(self, name)}; it must be positive")
