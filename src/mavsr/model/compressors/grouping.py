"""Compressions that take every r consecutive tokens together and learn nothing."""

from collections.abc import Sequence

import torch

from mavsr.model.compression import compress
from mavsr.model.compressors.base import Compressor


class AveragePooling(Compressor):
    """The mean of every r tokens."""

    def forward(self, clips: Sequence[torch.Tensor], rate: int) -> list[torch.Tensor]:
        """See :meth:`Compressor.forward`."""
        return [compress(tokens, rate, "avgpool") for tokens in clips]


class Stacking(Compressor):
    """Every r tokens behind each other along the hidden dimension."""

    def forward(self, clips: Sequence[torch.Tensor], rate: int) -> list[torch.Tensor]:
        """See :meth:`Compressor.forward`."""
        return [compress(tokens, rate, "stack") for tokens in clips]
