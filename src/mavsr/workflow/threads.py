"""Threads of the jobs that run an LLM on processors: a fair share of the machine's cores.

The toy LLM's products are too small to share: a job of it has one thread, and many run side by
side. Over a real LLM few jobs are asked for, and each takes as many threads as leave none of the
cores idle while all of them run.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mavsr.workflow.asked import Asked
from mavsr.workflow.paths import TOYS

MOST = 8
"""Threads beyond which the products of a batch are too small to be divided further (assumed)."""


def has_gpu() -> bool:
    """Whether this machine has a GPU of NVIDIA's; asked of the system, as PyTorch takes seconds."""
    return any(Path("/dev").glob("nvidia[0-9]*"))


def llm_threads(asked: Asked, workflow: Any) -> Callable[[Any], int]:
    """Make a threads function for rules whose jobs have a wildcard ``model``.

    It depends on what the config asks for and on ``--cores``, not on what is done already;
    ``--set-threads train_model=4`` goes before it. Threads change no result but for rounding.

    Args:
        asked: what the config asks for.
        workflow: Snakemake's object of that name.
    """
    # On a cluster there are no cores to share: the site's file says what a job gets.
    cores = workflow.resource_settings.cores or 1
    on_gpu = has_gpu()

    def threads(wildcards: Any) -> int:
        llm = asked.config.llms[asked.models[wildcards["model"]].llm]
        if on_gpu or llm.path.startswith(TOYS):
            return 1
        return min(MOST, max(1, cores // max(1, len(asked.trained))))

    return threads
