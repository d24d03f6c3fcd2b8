"""The safetensors content of one clip in a feature shard: its tokens, and what made them.

The header says which weights and settings made the tokens, so that a cache can be seen to be of one
encoder, and how many tokens the clip has. Where audio is stored *pooled* at the greatest common
divisor g of all rates, the tensor holds the means of g tokens each. Average pooling at a multiple
r of g is then the same from the means as from all tokens: groups of r tokens are whole groups of g,
and the incomplete tail is dropped in both. Only a clip of fewer than r tokens would differ, as it
is averaged whole; so clips below ``FULL_BELOW`` tokens are stored in full.
"""

import json
from dataclasses import dataclass
from typing import Any

import safetensors
import safetensors.torch
import torch

from mavsr.tokens import FULL_BELOW

FIELD = "safetensors"
"""Extension of a clip's features in a shard."""
TENSOR = "features"
"""Name of the tensor (tokens, dim) in it."""
_ABOUT = "about"
# One entry, because safetensors writes several in random order.

MadeBy = dict[str, Any]
"""Weights (SHA-256) and settings that made tokens; equal throughout a cache."""


@dataclass(frozen=True)
class Header:
    """What a clip's content says of itself.

    Attributes:
        tokens: how many tokens the clip has.
        dim: width of a token.
        rows: how many are stored; fewer than ``tokens`` if pooled.
        made_by: what made them.

    """

    tokens: int
    dim: int
    rows: int
    made_by: MadeBy

    @property
    def pool(self) -> int:
        """Tokens per stored row."""
        return 1 if self.rows == self.tokens else int(self.made_by["pool"])


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
    return safetensors.torch.save({TENSOR: rows}, metadata={_ABOUT: note})


def read_header(content: bytes) -> Header:
    """What a clip's content says of itself, without its tensor.

    Raises:
        ValueError: the content is not that of a clip.

    """
    length = int.from_bytes(content[:8], "little")
    try:
        header = json.loads(content[8 : 8 + length])
        rows, dim = header[TENSOR]["shape"]
        about = json.loads(header.get("__metadata__", {}).get(_ABOUT, "{}"))
        found = Header(about.get("tokens", rows), dim, rows, about.get("made_by", {}))
        if found.tokens // found.pool != rows:
            raise ValueError(f"{rows} rows for {found.tokens} tokens")
    except (KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise ValueError(f"no tensor {TENSOR!r} (tokens, dim): {error!r}") from error
    return found


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
