"""Stage 3: mix babble into the sound at a signal-to-noise ratio."""

from typing import Any

from mavsr.noise.condition import Condition

__all__ = ["Condition", "mix"]


def __getattr__(name: str) -> Any:
    # Snakemake reads conditions at every start, with every job on a cluster; mixing needs torch.
    if name == "mix":
        from mavsr.noise.mixing import mix

        return mix
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
