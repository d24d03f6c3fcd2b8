"""The ways to shorten a token sequence by name; every one leaves max(floor(T / r), 1) of T tokens.

To add one, write its :class:`mavsr.model.compressors.base.Compressor` and add an entry here (and to
``Compression`` in ``mavsr.config.experiments``). Nothing here imports torch: the workflow reads it.
"""

import difflib
from dataclasses import dataclass

from mavsr.errors import InputError


@dataclass(frozen=True)
class Compression:
    """One way to make one token of every r (Llama-MTSK, Sec. 3.1)."""

    builder: str
    """``module.Class`` below :mod:`mavsr.model.compressors`."""
    words: str
    """What it is called in print."""
    stacks: bool = False
    """Whether a compressed token is r * d wide; else d."""
    pools: bool = False
    """Whether means of g tokens suffice at all multiples of g: ``features.store: pooled`` keeps
    these, and pooling at test time needs it."""
    section: str | None = None
    """Section of the config and field of the model's settings that says more of it."""

    def width(self, dim: int, rate: int) -> int:
        """Width of a compressed token, of encoder tokens of width ``dim``."""
        return dim * rate if self.stacks else dim


COMPRESSIONS = {
    "avgpool": Compression("grouping.AveragePooling", "average pooling", pools=True),
    "stack": Compression("grouping.Stacking", "stacking", stacks=True),
    "resampler": Compression("resampler.Resampler", "learned resampling", section="resampler"),
}
"""Name -> compression."""


def compression_of(name: str) -> Compression:
    """The compression called ``name``.

    Raises:
        InputError: there is none.
    """
    if name not in COMPRESSIONS:
        near = difflib.get_close_matches(name, COMPRESSIONS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(
            f"compression {name!r} is unknown; {hint}choose from {', '.join(COMPRESSIONS)}"
        )
    return COMPRESSIONS[name]
