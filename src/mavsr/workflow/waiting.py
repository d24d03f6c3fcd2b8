"""How a run waits for a free core."""

from typing import Any

DEFAULT_LIMIT = (100, 1)
"""Jobs and seconds of ``--max-jobs-per-timespan`` where nobody gives it."""


def wait_for_jobs(workflow: Any) -> None:
    """Look for jobs to start whenever one has finished, and not every second besides.

    Under a limit of jobs a second, which Snakemake 9.27 has always, each finished job adds one more
    look a second for as long as any job waits for a core, and a look asks for inputs and params of
    all that wait (findings/snakemake_looks_again_per_finished_job.sh). A run of hundreds of jobs
    kept a core busy with that. A limit of the user's own stays.

    Args:
        workflow: Snakemake's object of that name, about to start its first job.
    """
    limit = workflow.scheduler.job_rate_limiter
    if limit and (limit.max_jobs, limit.timespan) == DEFAULT_LIMIT:
        workflow.scheduler.job_rate_limiter = None
