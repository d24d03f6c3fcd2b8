"""Read Snakemake's own log of a run: which jobs started, ended, and failed."""

import re
from dataclasses import dataclass
from pathlib import Path

_STARTED = re.compile(r"^(?:local)?(?:rule|checkpoint) (\S+):$")
_FAILED = re.compile(r"^Error in (?:rule|checkpoint) ([^,\s]+)")
_FINISHED = re.compile(r"^Finished job(?:id)?:? (\d+)")
_FIELD = re.compile(r"^ {4}(jobid|output|log|message): (.*)$")
_AFTER = " (check log file(s) for error details)"


@dataclass
class Job:
    """A job as the log tells it; ``state`` is running, done or failed."""

    rule: str
    number: str
    output: str = ""
    logs: tuple[str, ...] = ()
    message: str = ""
    state: str = "running"


def read_log(text: str) -> list[Job]:
    """The jobs of a log in the order of their first start; a retried one is one job."""
    jobs: dict[str, Job] = {}
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if match := _FINISHED.match(line):
            if match[1] in jobs:
                jobs[match[1]].state = "done"
            continue
        failed = _FAILED.match(line)
        if match := failed or _STARTED.match(line):
            told = _fields(lines[number + 1 :])
            job = jobs.setdefault(told.get("jobid", ""), Job(match[1], told.get("jobid", "")))
            job.output = told.get("output", job.output)
            logs = told.get("log", "").removesuffix(_AFTER)
            job.logs = tuple(logs.split(", ")) if logs else job.logs
            job.state = "failed" if failed else "running"
            job.message = told.get("message", "") if failed else ""
    return list(jobs.values())


def _fields(lines: list[str]) -> dict[str, str]:
    """The indented ``key: value`` lines that follow a headline."""
    found: dict[str, str] = {}
    for line in lines:
        if not line.startswith("    "):
            break
        if match := _FIELD.match(line):
            found[match[1]] = match[2]
    return found


def newest_log(folder: Path = Path(".snakemake/log")) -> Path | None:
    """The log of the last run that was no dry run, or None: dry runs submit nothing."""
    for path in sorted(folder.glob("*.snakemake.log"), reverse=True):
        text = path.read_text(encoding="utf-8", errors="replace")
        if "This was a dry-run" not in text and re.search(r"^(?:local)?rule ", text, re.M):
            return path
    return None
