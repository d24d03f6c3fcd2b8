"""Compression by learned queries that attend to windows of tokens, one set for all rates.

A token out is the mean of its r tokens, as average pooling gives it, plus what a query finds by
cross-attention in the window around them. At rate r a window of W tokens gives floor(W / r), and
the same queries serve every rate: they stand evenly along the window, and token j out takes the one
at the middle of its r tokens. So a coarse rate uses a part of the queries that a fine one uses, as
nested visual tokens do (Hu et al., Matryoshka Query Transformer, NeurIPS 2024), but in the order of
time. What queries add starts at zero: training starts at average pooling.
"""

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from mavsr.model.compression import compress, compressed_length
from mavsr.model.compressors.base import Compressor
from mavsr.model.settings import ModelSettings


class Resampler(Compressor):
    """See the module; settings are :class:`mavsr.config.resampler.ResamplerSettings`."""

    def __init__(self, dim: int, settings: ModelSettings):
        super().__init__(dim, settings)
        own = settings.resampler
        assert own is not None
        self.window, self.heads, self.width = own.window, own.heads, own.width
        spacing = own.window / own.queries
        middles = (torch.arange(own.queries) + 0.5) * spacing - 0.5
        head = own.width // own.heads
        # Alike where times are alike, so that queries look nearby from the start.
        self.queries = nn.Parameter(waves(middles, head).repeat(1, own.heads))
        self.places = nn.Parameter(waves(torch.arange(own.window), head).repeat(1, own.heads))
        self.norm = nn.LayerNorm(dim)
        self.key = nn.Linear(dim, own.width)
        self.value = nn.Linear(dim, own.width)
        self.out = nn.Linear(own.width, dim)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, clips: Sequence[torch.Tensor], rate: int) -> list[torch.Tensor]:
        """See :meth:`Compressor.forward`."""
        pooled = [compress(tokens, rate) for tokens in clips]
        counts = [len(tokens) for tokens in pooled]
        # All windows of all clips in one call; a clip's last window may be cut short.
        each = self.window // rate
        span = each * rate
        windows, masks = [], []
        for tokens, count in zip(clips, counts, strict=True):
            used = tokens[: count * rate]
            short = -len(used) % span
            windows.append(F.pad(used, (0, 0, 0, short)).unflatten(0, (-1, span)))
            there = torch.arange(len(used) + short, device=tokens.device) < len(used)
            masks.append(there.unflatten(0, (-1, span)))
        found = self._attend(torch.cat(windows), torch.cat(masks), rate)
        parts = found.split([len(part) for part in windows])
        return [
            mean + part.flatten(0, 1)[:count]
            for mean, part, count in zip(pooled, parts, counts, strict=True)
        ]

    def _attend(self, windows: torch.Tensor, there: torch.Tensor, rate: int) -> torch.Tensor:
        """What queries find in windows (n, L, d) whose tokens are ``there`` (n, L): (n, m, d)."""
        read = self.norm(windows)
        keys = self.key(read) + self.places[: read.shape[1]]
        queries = self.queries[self._chosen(rate)].expand(len(read), -1, -1)
        q, k, v = (self._by_head(x) for x in (queries, keys, self.value(read)))
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=there[:, None, None])
        return self.out(mixed.transpose(1, 2).flatten(2))

    def _chosen(self, rate: int) -> torch.Tensor:
        """Numbers of the queries at the middles of a window's groups, (m,)."""
        middles = (torch.arange(self.window // rate) + 0.5) * rate
        return (middles * len(self.queries) / self.window).long()

    def _by_head(self, tokens: torch.Tensor) -> torch.Tensor:
        return tokens.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def multiplications(self, tokens: int, rate: int) -> int:
        """See :meth:`Compressor.multiplications`."""
        count = compressed_length(tokens, rate)
        read, span = min(tokens, count * rate), self.window // rate * rate
        maps = (2 * read + count) * self.dim * self.width
        return maps + 2 * count * min(read, span) * self.width


def waves(times: torch.Tensor, width: int) -> torch.Tensor:
    """Sines and cosines of times in tokens, (n,) -> (n, width); wavelengths from 6 to 600."""
    half = math.ceil(width / 2)
    rates = 0.01 ** (torch.arange(half) / half)
    angles = times[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)[:, :width]
