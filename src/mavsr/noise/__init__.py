"""Stage 3: mix noise into the audio at a signal-to-noise ratio."""

from typing import Any

from mavsr.noise.condition import Condition

__all__ = ["Condition", "mix"]


def __getattr__(name: str) -> Any:
    # Others call mavsr.noise.mix, but mixing needs torch, and Snakemake, which starts twice for
    # each job on a cluster, reads conditions alone.
    if name == "mix":
        from mavsr.noise.mixing import mix

        return mix
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
