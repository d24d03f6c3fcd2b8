"""Prefixes that teach a small LLM to read: what projected audio and video tokens will look like.

A large LLM can transcribe a prefix of embeddings that resemble its own tokens' embeddings stretched
over time. A small one has to learn that first. Its pre-training prefixes are the transcript's own
embeddings, each held for a random while, blended with its neighbours, disturbed by noise, and given
once or twice (as audio and video will be) between markers.
"""

import numpy as np
import torch
from torch.nn import functional as F

LONGEST_HOLD = 6.0
"""Most positions that a token is held for on average: audio rate 4 gives about 4 a word."""


def stretch(tokens: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A random monotone path through ``tokens`` tokens.

    Returns:
        left (L,), the token under each position, and weight (L,) in [0, 1] of its successor.
    """
    length = max(1, round(tokens * draw.uniform(0.7, LONGEST_HOLD)))
    ends = np.cumsum(draw.gamma(3.0, size=tokens))
    path = np.interp(
        (np.arange(length) + 0.5) / length,
        np.concatenate([[0], ends / ends[-1]]),
        range(tokens + 1),
    )
    left = np.minimum(path.astype(int), tokens - 1)
    # Tokens are flat in the middle and blend over the last part of their hold.
    blend = np.clip((path - left - draw.uniform(0.4, 0.9)) * 3, 0, 0.7)
    return left, blend


def render(
    embeddings: torch.Tensor, draw: np.random.Generator, noise: torch.Generator, level: float
) -> torch.Tensor:
    """One rendition (L, d) of token embeddings (n, d), noise ``level`` relative to their RMS."""
    left, blend = stretch(len(embeddings), draw)
    weight = torch.tensor(blend, dtype=embeddings.dtype)[:, None]
    following = F.pad(embeddings[1:], (0, 0, 0, 1))
    blended = embeddings[left] * (1 - weight) + following[left] * weight
    scale = level * embeddings.detach().square().mean().sqrt()
    return blended + scale * torch.randn(blended.shape, generator=noise)


def render_prefix(
    embeddings: torch.Tensor, draw: np.random.Generator, noise: torch.Generator
) -> torch.Tensor:
    """One or two noisy renditions of a transcript's embeddings (n, d), each between random markers.

    Of two renditions one may be nearly lost in noise: the model learns to use whichever is clear.
    """
    count = draw.integers(1, 3)
    levels = draw.uniform(0.0, 1.0, size=count)
    if count == 2 and draw.random() < 0.5:
        levels[draw.integers(2)] = 3.0
    parts = []
    for level in levels:
        markers = 0.02 * torch.randn(2, embeddings.shape[1], generator=noise)
        parts += [markers[:1], render(embeddings, draw, noise, float(level)), markers[1:]]
    return torch.cat(parts)
