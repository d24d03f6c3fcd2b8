"""Command: what is done, running, failed and left, stage by stage, and why jobs failed.

``make status CONFIG=...``, or ``mavsr status --configfile ...``. It only looks: no lock is needed.
"""

from pathlib import Path

import pandas as pd

from mavsr.command import run_command
from mavsr.config.read import read_config
from mavsr.plan.files import stage_files
from mavsr.status.failures import tail
from mavsr.status.snakelog import Job, newest_log, read_log, steps


def stage_of(job: Job) -> str:
    """The stage whose results or logs a job writes; none for a rule that only asks for files."""
    parts = Path((job.logs or (job.output,))[0]).parts
    if parts[:2] == ("results", "logs") and len(parts) > 3:
        return parts[2]
    return parts[1] if len(parts) > 1 else ""


def status_table(counts: dict[str, tuple[int, int]], jobs: list[Job]) -> pd.DataFrame:
    """A line per stage.

    Args:
        counts: stage -> jobs that the config asks for, and how many of them have their output.
        jobs: those of the last run.
    """
    rows = []
    for stage, (wanted, done) in counts.items():
        mine = [job for job in jobs if stage_of(job) == stage]
        running = sum(job.state == "running" for job in mine)
        failed = sum(job.state == "failed" for job in mine)
        left = max(wanted - done - running - failed, 0)
        rows.append([stage, wanted, done, running, failed, left])
    return pd.DataFrame(rows, columns=["stage", "jobs", "done", "running", "failed", "left"])


def outcome(counts: tuple[int, int] | None, alive: bool) -> str:
    """What became of the targets of a run.

    Args:
        counts: its jobs that are done, and all of them.
        alive: whether it goes on.
    """
    done, wanted = counts or (0, 0)
    if counts and done == wanted:
        return f"its target is complete: all {wanted} jobs are done"
    so_far = f"{done} of {wanted} jobs are done" if counts else "no job is done yet"
    if alive:
        return f"it goes on: {so_far}"
    return f"it ended before its target was complete: {so_far}; the same command goes on"


def status(
    configfile: list[Path] | None = None,
    results: Path = Path("results"),
    records: Path = Path(".snakemake"),
    lines: int = 10,
) -> None:
    """Print how far the configured experiments are, and the end of failed jobs' logs.

    Args:
        configfile: configs, each stating what differs from the one before and from config.yaml.
        results: folder of the results.
        records: Snakemake's folder beside it.
        lines: how much of a failed job's log is shown.
    """
    config = read_config(configfile or [])
    counts = {
        stage: (len(files), sum(path.exists() for path in files))
        for stage, files in stage_files(config, results).items()
    }
    log = newest_log(records / "log")
    text = log.read_text(encoding="utf-8", errors="replace") if log else ""
    jobs = read_log(text)
    alive = any((records / "locks").glob("*"))
    if not alive:
        # Without a lock no run is alive: what the log calls running was cut off.
        jobs = [job for job in jobs if job.state != "running"]
    print(status_table(counts, jobs).to_string(index=False))
    print("\ndone: its output is there; whether it is up to date, `snakemake -n` tells")
    if log:
        print(f"last run: {log}\n{outcome(steps(text), alive)}")
    for job in jobs:
        if job.state == "failed":
            print(f"\nfailed: {job.rule}, log {' '.join(job.logs)}")
            if job.message not in ("", "None"):
                print(f"  {job.message}")
            print("\n".join(f"  | {line}" for line in tail(job, lines)) or "  | (an empty log)")


if __name__ == "__main__":
    run_command(status)
