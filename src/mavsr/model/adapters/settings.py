"""Size and training of a mixture of Matryoshka experts."""

from mavsr.config.mome import MomeSettings

__all__ = ["MomeSettings"]
