"""Two ways to compute what the papers describe: ours, and that of the authors' released code.

The released models were trained and tested by code that differs from the description, and from
what this project does, in ways that no paper states (docs/methods.md has them with their sizes).
Ours is the default. Whoever runs an imported model, or wants the authors' numbers, names theirs:

- ``authors``: as they trained and tested, in bfloat16 throughout ("bf16-true" of Lightning). It
  rounds more than weights: rotary frequencies, waveforms, mouth crops and the count of audio tokens
  are bfloat16 too. What is computed from them stays float32 here.
- ``authors-float32``: the same code in float32, which is what can be compared to the last digits.
"""

from dataclasses import dataclass
from typing import Literal

from mavsr.errors import InputError

Count = Literal["float64", "float32", "bfloat16"]


@dataclass(frozen=True)
class Numerics:
    """What a profile decides."""

    rounded: bool
    """Rotary frequencies, waveforms and mouth crops are rounded to bfloat16."""
    count: Count
    """Type of the numbers in which a clip's audio tokens are counted."""
    aligned: bool
    """A clip's audio is cut to two tokens per video frame."""
    old_beams: bool
    """Beam search ends, and samples, as transformers did up to 4.x (:mod:`.evaluation.beams`)."""


PROFILES = {
    "ours": Numerics(rounded=False, count="float64", aligned=True, old_beams=False),
    "authors": Numerics(rounded=True, count="bfloat16", aligned=False, old_beams=True),
    "authors-float32": Numerics(rounded=False, count="float32", aligned=False, old_beams=True),
}
"""Name of a profile -> what it decides."""


def numerics_of(name: str) -> Numerics:
    """The profile called ``name``.

    Raises:
        InputError: there is none.
    """
    if name not in PROFILES:
        raise InputError(f"numerics {name!r} is unknown; choose from {', '.join(PROFILES)}")
    return PROFILES[name]
