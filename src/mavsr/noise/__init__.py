"""Stage 3: mix babble into the sound at a signal-to-noise ratio."""

from mavsr.noise.condition import Condition
from mavsr.noise.mixing import mix

__all__ = ["Condition", "mix"]
