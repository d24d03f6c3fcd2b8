"""Encode a stream of clips by the plan that suits the device, in its order, in bounded memory.

A GPU takes clips of similar length together. A CPU takes one at a time, as padding would only add
work; clips that are padded to one length anyway are taken together while they are short, which
saves starting each operation. No clip's tokens depend on its neighbours, except for the rounding of
kernels whose order of summation depends on the size of the batch.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import torch

from mavsr.config.features import Precision
from mavsr.encoders.base import Encoder
from mavsr.errors import InputError

CPU_BATCH_S = 32.0
"""Seconds of equally long clips that a CPU encodes together: eight of the toy model's, one of 30 s,
whose matrices are large by themselves."""


@dataclass(frozen=True)
class BatchPlan:
    """How many clips are encoded together.

    Attributes:
        batch_s: most seconds in a batch, padding included; 0 means one clip at a time.
        window: clips that are sorted by length together, and so held at once.

    """

    batch_s: float = 0.0
    window: int = 64

    def __post_init__(self) -> None:
        if not self.batch_s >= 0:
            raise InputError(f"batch_s is {self.batch_s}; give a positive number of seconds, or 0")
        if self.window < 1:
            raise InputError(f"window is {self.window}; it must be 1 or more")

    @classmethod
    def suited_to(cls, encoder: Encoder, batch_s: float) -> "BatchPlan":
        """Batches of ``batch_s`` on a GPU; on a CPU as much together as pays (docs/log.md)."""
        if encoder.device.type != "cpu":
            return cls(batch_s)
        together = int(CPU_BATCH_S / encoder.chunk_s) if encoder.chunk_s else 1
        return cls(CPU_BATCH_S, together) if together > 1 else cls()

    def batches(self, seconds: list[float]) -> list[list[int]]:
        """Divide clips of these lengths into batches of similar length: lists of their places."""
        batches: list[list[int]] = []
        for place in sorted(range(len(seconds)), key=lambda place: -seconds[place]):
            # From long to short: the first clip of a batch sets its padded length.
            if batches and (len(batches[-1]) + 1) * seconds[batches[-1][0]] <= self.batch_s:
                batches[-1].append(place)
            else:
                batches.append([place])
        return batches


def encode_stream(
    clips: Iterable[tuple[str, torch.Tensor]],
    encoder: Encoder,
    plan: BatchPlan = BatchPlan(),
    precision: Precision = "float32",
) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the tokens of each clip, in the order of ``clips``.

    Args:
        clips: (key, samples) pairs; no more than ``plan.window`` of them are held.
        encoder: what encodes them.
        plan: how many at a time.
        precision: bfloat16 runs matrix products in it (autocast).

    Yields:
        (key, tokens (tokens, dim)), on the encoder's device.

    Raises:
        InputError: the encoder refuses a clip, or memory does not suffice; the message names keys.

    """
    stream = iter(clips)
    size = plan.window if plan.batch_s else 1
    while window := list(islice(stream, size)):
        batches = plan.batches([encoder.seconds(samples) for _, samples in window])
        tokens: dict[int, torch.Tensor] = {}
        for batch in batches:
            encoded = _encode([window[place] for place in batch], encoder, precision)
            tokens.update(zip(batch, encoded, strict=True))
        for place, (key, _) in enumerate(window):
            yield key, tokens[place]


def _encode(
    clips: list[tuple[str, torch.Tensor]], encoder: Encoder, precision: Precision
) -> list[torch.Tensor]:
    kind = encoder.device.type
    try:
        with (
            torch.autocast(kind, torch.bfloat16, enabled=precision == "bfloat16"),
            _exact_convolutions(),
        ):
            encoded = encoder.encode([samples for _, samples in clips])
        return [tokens.float() for tokens in encoded]  # autocast may have left bfloat16
    except torch.OutOfMemoryError as error:
        names = ", ".join(key for key, _ in clips)
        raise InputError(
            f"the memory of {encoder.device} does not suffice for the clips {names} together; "
            f"lower features.batch_s ({error})"
        ) from error
    except InputError as error:
        if len(clips) == 1:
            raise InputError(f"clip {clips[0][0]!r}: {error}") from error
        # One of them is at fault: encoding them one by one says which.
        return [_encode([clip], encoder, precision)[0] for clip in clips]


@contextmanager
def _exact_convolutions() -> Iterator[None]:
    """Keep float32 whole: on a GPU, PyTorch rounds what convolutions read to TensorFloat-32."""
    cudnn = torch.backends.cudnn
    allowed, cudnn.allow_tf32 = cudnn.allow_tf32, False
    try:
        yield
    finally:
        cudnn.allow_tf32 = allowed
