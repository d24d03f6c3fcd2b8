"""Names of noise conditions, which are folder names below ``results/noise/{corpus}/{split}/``.

- ``clean``: the audio as it is.
- ``snr_-5``, ``snr_0``, ``snr_12.5``: babble at that many dB, for testing.
- ``view_3``: training augmentation number 3: time mask, then babble at a random ratio or none.
"""

import math
from dataclasses import dataclass
from typing import Literal, Self

from mavsr.errors import InputError


@dataclass(frozen=True)
class Condition:
    """A noise condition.

    Attributes:
        kind: "clean", "snr" or "view".
        number: the ratio in dB of an "snr", the number of a "view", 0 if "clean".

    """

    kind: Literal["clean", "snr", "view"]
    number: float = 0.0

    def __post_init__(self):
        if not math.isfinite(self.number) or (self.kind == "view" and self.number < 0):
            raise InputError(f"a condition {self.kind!r} cannot have the number {self.number}")

    @classmethod
    def parse(cls, name: str) -> Self:
        """Return the condition called ``name``.

        Raises:
            InputError: the name is unknown, or not spelled as :attr:`name` spells it, which would
                give one condition two folders.

        """
        kind, _, number = name.partition("_")
        try:
            if kind == "snr":
                condition = cls("snr", float(number))
            elif kind == "view":
                condition = cls("view", int(number))
            else:
                condition = cls("clean")
        except (ValueError, OverflowError):
            condition = None
        if condition is None or condition.name != name:
            raise InputError(
                f"noise condition {name!r} is unknown; write clean, snr_<dB> such as snr_-5 or "
                "snr_12.5, or view_<number> such as view_3, without needless signs and zeros"
            )
        return condition

    @property
    def name(self) -> str:
        """The condition's one spelling."""
        # Adding zero turns -0 into 0.
        return {
            "clean": "clean",
            "snr": f"snr_{self.number + 0.0:g}",
            "view": f"view_{self.number:.0f}",
        }[self.kind]
