"""Read Snakemake's own log of a run: which jobs started, ended, and failed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HEAD = re.compile(r"^( *)(Error in )?(?:local)?(?:rule|checkpoint) ([^\s,:]+)(:$|,| )")
_FINISHED = re.compile(r"^Finished job(?:id)?:? (\d+)")
_FIELD = re.compile(r"^(jobid|output|log|message): (.*)$")
_STEPS = re.compile(r"^(\d+) of (\d+) steps \(.*\) done")
_AFTER = " (check log file(s) for error details)"
_GROUP = "    jobs:"
"""Before the failed jobs of a group, which stand eight spaces in; started ones stand at four."""


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
    lines = list(_own_lines(text))
    group: dict[str, str] = {}
    for number, line in enumerate(lines):
        if match := _FINISHED.match(line):
            if match[1] in jobs:
                jobs[match[1]].state = "done"
        elif line == _GROUP:
            group = _fields(lines[max(number - 2, 0) :], 4)
        elif (match := _HEAD.match(line)) and (match[2] or match[4] == ":"):
            indent = len(match[1])
            told = _fields(lines[number + 1 :], indent + 4)
            failed = bool(match[2]) or indent == 8
            shared = group if indent == 8 else {}
            job = jobs.setdefault(told.get("jobid", ""), Job(match[3], told.get("jobid", "")))
            job.output = told.get("output", job.output)
            logs = [
                fields["log"].removesuffix(_AFTER) for fields in (told, shared) if "log" in fields
            ]
            job.logs = tuple(", ".join(logs).split(", ")) if logs else job.logs
            job.state = "failed" if failed else "running"
            job.message = {**shared, **told}.get("message", "") if failed else ""
    return list(jobs.values())


def steps(text: str) -> tuple[int, int] | None:
    """How many jobs of a run are done, and how many it had; None before the first is done."""
    found = [match for line in _own_lines(text) if (match := _STEPS.match(line))]
    return (int(found[-1][1]), int(found[-1][2])) if found else None


def _own_lines(text: str) -> Iterator[str]:
    """Lines without the logs that are quoted: of a job on a cluster that is a log of this kind."""
    lines = iter(text.splitlines())
    for line in lines:
        yield line
        if line.startswith("Logfile ") and line.endswith(":"):
            bar = next(lines, "")
            while next(lines, bar) != bar:
                pass


def _fields(lines: list[str], indent: int) -> dict[str, str]:
    """The ``key: value`` lines at ``indent`` with which ``lines`` begin."""
    found: dict[str, str] = {}
    for line in lines:
        if not line.startswith(" " * indent):
            break
        if match := _FIELD.match(line[indent:]):
            found[match[1]] = match[2]
    return found


def newest_log(folder: Path = Path(".snakemake/log")) -> Path | None:
    """The log of the last run that was no dry run, or None: dry runs submit nothing."""
    for path in sorted(folder.glob("*.snakemake.log"), reverse=True):
        text = path.read_text(encoding="utf-8", errors="replace")
        if "This was a dry-run" not in text and re.search(r"^ *(?:local)?rule ", text, re.M):
            return path
    return None
