"""A run that waits for a core leaves the machine alone, however many jobs it has finished."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.workflow

LIMIT = "print('limit', workflow.scheduler.job_rate_limiter)"
SHORT = 12

SNAKEFILE = f"""
from mavsr.workflow.waiting import wait_for_jobs

short = expand("short/{{n}}", n=range({SHORT}))

onstart:
    WAY

rule all:
    input: "long", "last"

rule short:
    output: touch("short/{{n}}")

rule long:
    input: short
    output: touch("long")
    priority: 1
    shell: "sleep 3"

rule last:
    input: short
    output: touch("last")
"""


def looks(folder, way: str) -> int:
    """How often Snakemake looks for jobs to start while it makes everything by one core."""
    folder.mkdir()
    (folder / "Snakefile").write_text(SNAKEFILE.replace("WAY", way))
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--verbose"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (folder / "last").exists()
    return done.stderr.count("Resources before job selection")


def test_snakemake_looks_once_for_each_job_that_finishes(tmp_path):
    jobs = SHORT + 3
    assert looks(tmp_path / "ours", "wait_for_jobs(workflow)") <= jobs
    # Otherwise this tests nothing any more, and the module can go.
    assert looks(tmp_path / "theirs", "pass") > jobs + SHORT


def test_the_workflow_waits_so_and_keeps_a_limit_that_was_asked_for(project):
    snakefile = project.folder / "Snakefile"
    text = snakefile.read_text()
    assert text.count("wait_for_jobs(workflow)\n") == 1
    snakefile.write_text(
        text.replace("wait_for_jobs(workflow)\n", f"wait_for_jobs(workflow)\n    {LIMIT}\n")
    )
    target = ("--", "results/parameters.csv")
    assert "limit None" in project.run(*target).stdout
    limited = project.run("--force", "--max-jobs-per-timespan", "9/1s", *target)
    assert limited.returncode == 0, limited.stderr
    assert "limit <" in limited.stdout
