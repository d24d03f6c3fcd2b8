"""What the safetensors content of a clip says of itself, read without its tensor or PyTorch.

The header says which weights and settings made the tokens, so that a cache can be seen to be of one
encoder, and how many tokens the clip has.
"""

import json
from dataclasses import dataclass
from typing import Any

FIELD = "safetensors"
"""Extension of a clip's features in a shard."""
TENSOR = "features"
"""Name of the tensor (tokens, dim) in it."""
ABOUT = "about"
"""Name of the entry of metadata: one, because safetensors writes several in random order."""

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


def read_header(content: bytes) -> Header:
    """What a clip's content says of itself, without its tensor.

    Raises:
        ValueError: the content is not that of a clip.

    """
    length = int.from_bytes(content[:8], "little")
    try:
        header = json.loads(content[8 : 8 + length])
        rows, dim = header[TENSOR]["shape"]
        about = json.loads(header.get("__metadata__", {}).get(ABOUT, "{}"))
        found = Header(about.get("tokens", rows), dim, rows, about.get("made_by", {}))
        if found.tokens // found.pool != rows:
            raise ValueError(f"{rows} rows for {found.tokens} tokens")
    except (KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise ValueError(f"no tensor {TENSOR!r} (tokens, dim): {error!r}") from error
    return found
