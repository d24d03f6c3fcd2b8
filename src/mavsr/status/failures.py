"""The list of failed jobs that a run leaves: what failed, why, and which log tells."""

from pathlib import Path

import pandas as pd

from mavsr.files import atomic
from mavsr.status.snakelog import Job, read_log

FAILED = Path("results/logs/failed.csv")
COLUMNS = ["rule", "output", "reason", "log"]


def reason(job: Job) -> str:
    """The last line of the job's log that says anything, and what SLURM said of its end.

    A job that SLURM ended (for its memory, its time) has a log that stops at some innocent line.
    """
    said = [line.strip() for line in tail(job, 200) if line.strip()][-1:]
    if job.message not in ("", "None"):
        said.append(f"[{job.message}]" if said else job.message)
    return " ".join(said) or "it ended without a word"


def tail(job: Job, lines: int) -> list[str]:
    """The last lines of the job's own log; none if it wrote nothing."""
    for name in job.logs:
        path = Path(name)
        if path.is_file() and path.stat().st_size:
            return path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    return []


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
