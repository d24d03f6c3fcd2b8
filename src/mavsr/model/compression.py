"""Shorten a token sequence by a whole rate, group by group (Llama-MTSK, Sec. 3.1)."""

from typing import Literal

import torch
from torch.nn import functional as F

from mavsr.errors import InputError
from mavsr.model.scales import check_rate


def compressed_length(tokens: int, rate: int) -> int:
    """Tokens left of ``tokens`` at ``rate``: floor(T / r), but at least one."""
    return max(tokens // rate, 1)


def compress(
    tokens: torch.Tensor, rate: int, method: Literal["avgpool", "stack"] = "avgpool"
) -> torch.Tensor:
    """Merge every ``rate`` consecutive tokens into one.

    Args:
        tokens: (T, d) or (B, T, d).
        rate: r >= 1.
        method: ``avgpool`` averages the r tokens, ``stack`` concatenates them.

    Returns:
        (..., floor(T / r), d) for ``avgpool``, (..., floor(T / r), r * d) for ``stack``. The
        incomplete tail is dropped. Fewer than r tokens give one: their mean, or their
        concatenation padded with zeros.

    Raises:
        InputError: the rate is not a positive whole number, or T is 0.
    """
    check_rate(rate, "the compression rate")
    length = tokens.shape[-2]
    if length == 0:
        raise InputError("there is no token to compress: the clip is empty")
    if length < rate and method == "avgpool":
        return tokens.mean(dim=-2, keepdim=True)
    if length < rate:
        tokens = F.pad(tokens, (0, 0, 0, rate - length))
    kept = compressed_length(length, rate)
    groups = tokens[..., : kept * rate, :].unflatten(-2, (kept, rate))
    return groups.mean(dim=-2) if method == "avgpool" else groups.flatten(-2)
