"""Stage 3: mix babble into the sound at a signal-to-noise ratio."""

from mavsr.noise.condition import Condition

__all__ = ["Condition"]
