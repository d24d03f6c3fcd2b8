"""What every compression has in common."""

from collections.abc import Sequence

import torch
from torch import nn

from mavsr.model.settings import ModelSettings


class Compressor(nn.Module):
    """Shortens the encoder tokens of one modality, at any rate of a model.

    Its parameters, if it has any, are trained with the projectors and saved beside them; one set
    serves all rates.

    Args:
        dim: width d of the encoder's tokens.
        settings: of the model.
    """

    def __init__(self, dim: int, settings: ModelSettings):
        super().__init__()
        self.dim = dim

    def forward(self, clips: Sequence[torch.Tensor], rate: int) -> list[torch.Tensor]:
        """Compress clips, each as if it were alone.

        Args:
            clips: a (T_i, d) tensor each.
            rate: r >= 1.

        Returns:
            a (max(floor(T_i / r), 1), width) tensor each; the width is that of
            :meth:`mavsr.model.compressions.Compression.width`. The incomplete tail is dropped, and
            fewer than r tokens give one.

        Raises:
            InputError: a clip has no token.
        """
        raise NotImplementedError

    def multiplications(self, tokens: int, rate: int) -> int:
        """Multiplications for a clip of so many encoder tokens, sums alone left out."""
        return 0
