"""The safetensors content of one clip in a feature shard: its tokens, and what made them.

What made them stands in its header (:mod:`mavsr.features.header`). Where audio is stored *pooled*
at the greatest common divisor g of all rates, the tensor holds the means of g tokens each. Average
pooling at a multiple r of g is then the same from the means as from all tokens: groups of r tokens
are whole groups of g, and the incomplete tail is dropped in both. Only a clip of fewer than r
tokens would differ, as it is averaged whole; so clips below ``FULL_BELOW`` are stored in full.
"""

import json

import safetensors
import safetensors.torch
import torch

from mavsr.features.header import ABOUT, TENSOR, MadeBy, read_header
from mavsr.tokens import FULL_BELOW


def pack(tokens: torch.Tensor, made_by: MadeBy, dtype: torch.dtype | None = None) -> bytes:
    """Content of one clip, as a function of the arguments alone.

    Args:
        tokens: (tokens, dim).
        made_by: weights and settings; ``pool`` in it asks for means of so many tokens.
        dtype: of the stored rows; that of ``tokens`` if not given.

    """
    rows = pool_rows(tokens, made_by.get("pool", 1)).to("cpu", dtype).contiguous()
    about = {"made_by": made_by, "tokens": len(tokens)}
    note = json.dumps(about, sort_keys=True, separators=(",", ":"))
    return safetensors.torch.save({TENSOR: rows}, metadata={ABOUT: note})


def unpack(content: bytes) -> torch.Tensor:
    """Tokens (tokens, dim) of a clip, in the dtype they are stored in.

    Of pooled tokens each is given its group's mean, and those of the incomplete tail the last one,
    so that they pool to the same as the tokens themselves, and align as they do.

    Raises:
        ValueError: the content is damaged.

    """
    header = read_header(content)
    try:
        rows = safetensors.torch.load(content)[TENSOR]
    except safetensors.SafetensorError as error:
        raise ValueError(str(error)) from error
    if header.pool == 1:
        return rows
    group = torch.arange(header.tokens) // header.pool
    return rows[group.clamp(max=header.rows - 1)]


def pool_rows(tokens: torch.Tensor, size: int) -> torch.Tensor:
    """Means (floor(tokens / size), dim) of each ``size`` tokens; short clips stay as they are."""
    if size == 1 or len(tokens) < FULL_BELOW:
        return tokens
    rows = len(tokens) // size
    return tokens[: rows * size].unflatten(0, (rows, size)).mean(dim=1)
