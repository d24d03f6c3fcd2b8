"""What every frozen encoder offers to the features stage, whatever its modality."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import torch
from torch import nn

from mavsr.files import sha256
from mavsr.numerics import PROFILES, Numerics


class Encoder(nn.Module, ABC):
    """A frozen network from the samples of one clip to its tokens.

    One without weight files says what it is by a ``fingerprint`` of its own.

    Attributes:
        modality: what it encodes.
        rate_hz: tokens per second.
        dim: width of a token.
        numerics: how samples are rounded and tokens counted.
        weight_files: the files its weights came from; empty for a network made from a config.
        file_settings: what its other files say and its weights do not show, as far as it changes
            tokens; empty if the weights come with it.

    """

    modality: ClassVar[Literal["audio", "video"]]
    rate_hz: ClassVar[int]
    dim: int
    numerics: Numerics = PROFILES["ours"]
    weight_files: Sequence[Path] = ()
    file_settings: Mapping[str, Any] = MappingProxyType({})

    @property
    def chunk_s(self) -> float | None:
        """Length to which every clip is padded, seconds; None if clips keep their own."""
        return None

    @abstractmethod
    def encode(self, samples: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Tokens float32 (tokens, dim) of each clip, without gradients, on the encoder's device.

        A clip's tokens do not depend on what else is in ``samples``, up to the rounding of a device
        whose kernels differ by size.
        """

    @abstractmethod
    def seconds(self, sample: torch.Tensor) -> float:
        """Length of a clip as the network meets it: with its own padding, seconds."""

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the weight files, in order, and the settings beside them.

        Raises:
            ValueError: the encoder was not loaded from files.

        """
        if not self.weight_files:
            raise ValueError("an encoder made from a config has no weight file; save it first")
        digests = [sha256(path) for path in self.weight_files]
        if self.file_settings:
            digests.append(json.dumps(dict(self.file_settings), sort_keys=True))
        if len(digests) == 1:
            return digests[0]
        return hashlib.sha256("".join(digests).encode()).hexdigest()

    @property
    def device(self) -> torch.device:
        """Where the weights lie; the CPU for an encoder without any."""
        return next(chain(self.parameters(), self.buffers()), torch.empty(0)).device


def rounded(samples: torch.Tensor) -> torch.Tensor:
    """Samples of the same type that bfloat16 can hold."""
    return samples.bfloat16().to(samples.dtype)
