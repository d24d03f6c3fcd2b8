"""The list of failed jobs that a run leaves: what failed, why, and which log tells."""

import re
from pathlib import Path

import pandas as pd

from mavsr.files import atomic
from mavsr.status.snakelog import Job, read_log

FAILED = Path("results/logs/failed.csv")
COLUMNS = ["rule", "output", "reason", "log"]
_SLURM = re.compile(r"slurmstepd\S*: error: (.+)")
"""What SLURM writes into the log of a job that it ends, for its memory or its time."""


def reason(job: Job) -> str:
    """The last line of the job's log that says anything, and why Snakemake or SLURM ended it.

    A job that is ended from outside has a log that stops at some innocent line.
    """
    said = [line.strip() for line in tail(job, 200) if line.strip()][-1:]
    slurm = [
        match[1] for name in job.logs for line in _read(name) if (match := _SLURM.search(line))
    ]
    message = "" if job.message == "None" else job.message
    if why := (slurm or [message])[0]:
        said.append(f"[{why}]" if said else why)
    return " ".join(said) or "it ended without a word"


def tail(job: Job, lines: int) -> list[str]:
    """The last lines of the job's own log, or else of SLURM's; none if nothing was written."""
    return next((found[-lines:] for name in job.logs if (found := _read(name))), [])


def _read(name: str) -> list[str]:
    path = Path(name)
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []


def write_failures(logs: list[str], output: Path = FAILED) -> None:
    """Write the jobs that failed for good, by Snakemake's logs of the run, and name the list."""
    texts = [Path(log).read_text(encoding="utf-8", errors="replace") for log in logs]
    text = "\n".join(texts)
    failed = [job for job in read_log(text) if job.state == "failed"]
    if not failed:
        return
    rows = [[job.rule, job.output, reason(job), " ".join(job.logs)] for job in failed]
    with atomic(output) as partial:
        pd.DataFrame(rows, columns=COLUMNS).to_csv(partial, index=False)
    print(f"{len(rows)} failed jobs, with reason and log: {output}")
    for rule, _, why, where in rows[:10]:
        print(f"  {rule}: {why}\n    log: {where}")
