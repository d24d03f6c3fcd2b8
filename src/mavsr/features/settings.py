"""How a job makes features, apart from the encoder and the condition."""

import math
from typing import Annotated

from mavsr.config.base import Key, settings
from mavsr.config.features import DType, ExtractKeys
from mavsr.config.values import Count

__all__ = ["DType", "ExtractSettings"]


@settings("features")
class ExtractSettings(ExtractKeys):
    """The config's settings, and what follows for a job from the whole config."""

    pool: Annotated[
        Count,
        Key("Store means of so many audio tokens instead of all; every rate must be a multiple"),
    ] = 1

    @property
    def limit_s(self) -> float:
        """Where clips are cut off, seconds; infinite if they are not."""
        return self.longest_s if self.long_clips == "truncate" else math.inf
