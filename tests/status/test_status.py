from pathlib import Path

import pandas as pd
import pytest

from mavsr.status.failures import write_failures
from mavsr.status.snakelog import Job, newest_log, read_log
from mavsr.status.status import stage_of, status_table

LOG = """\
Building DAG of jobs...
[Sat Nov 21 12:00:00 2026]
rule crop_mouths:
    input: results/corpus/p/test.parquet
    output: results/mouths/p/test/00000.tar, results/mouths/p/test/00000.csv
    log: results/logs/mouths/p/test/00000.log
    jobid: 3
    reason: Missing output files
Job 3 has been submitted with SLURM jobid 17 (log: e/17.log).
rule train_model:
    output: results/training/m/run.json
    log: results/logs/training/m.log
    jobid: 5
Error in rule crop_mouths:
    message: SLURM-job '17' failed, SLURM status is: 'OUT_OF_MEMORY'.
    jobid: 3
    output: results/mouths/p/test/00000.tar, results/mouths/p/test/00000.csv
    log: results/logs/mouths/p/test/00000.log, e/17.log (check log file(s) for error details)
    shell:
        python -m mavsr.mouths.crop
"""
AGAIN = """\
rule crop_mouths:
    output: results/mouths/p/test/00000.tar, results/mouths/p/test/00000.csv
    log: results/logs/mouths/p/test/00000.log
    jobid: 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_failed_job_names_its_logs_and_reason():
    failed, running = read_log(LOG)
    assert (failed.rule, failed.state) == ("crop_mouths", "failed")
    assert failed.logs == ("results/logs/mouths/p/test/00000.log", "e/17.log")
    assert "OUT_OF_MEMORY" in failed.message
    assert (running.rule, running.state) == ("train_model", "running")


@pytest.mark.parametrize(
    ("more", "state"),
    [(AGAIN, "running"), (AGAIN + "Finished jobid: 3 (Rule: crop_mouths)\n", "done")],
)
def test_a_second_attempt_is_the_same_job(more, state):
    job, _ = read_log(LOG + more)
    assert (job.state, job.message) == (state, "")


def test_the_list_of_failures_holds_the_last_word_of_the_log(folder, capsys):
    log = Path("results/logs/mouths/p/test/00000.log")
    (folder / "run.log").write_text(LOG)
    write_failures(["run.log"])
    (row,) = pd.read_csv("results/logs/failed.csv").to_dict("records")
    assert (row["rule"], row["reason"]) == (
        "crop_mouths",
        "SLURM-job '17' failed, SLURM status is: 'OUT_OF_MEMORY'.",
    )
    log.parent.mkdir(parents=True)
    log.write_text("looking\nerror: no face\n\n")
    write_failures(["run.log"])
    (row,) = pd.read_csv("results/logs/failed.csv").to_dict("records")
    assert row["reason"] == (
        "error: no face [SLURM-job '17' failed, SLURM status is: 'OUT_OF_MEMORY'.]"
    )
    assert str(log) in capsys.readouterr().out


def test_the_newest_run_is_found_and_dry_runs_are_not(folder):
    assert newest_log(folder) is None
    (folder / "1.snakemake.log").write_text(LOG)
    (folder / "2.snakemake.log").write_text(LOG + "This was a dry-run (flag -n).\n")
    (folder / "3.snakemake.log").write_text("Building DAG of jobs...\nNothing to be done.\n")
    assert newest_log(folder) == folder / "1.snakemake.log"


def test_jobs_are_counted_in_their_stages():
    table = status_table({"mouths": (9, 4), "training": (2, 0)}, read_log(LOG)).set_index("stage")
    assert list(table.loc["mouths"]) == [9, 4, 0, 1, 4]
    assert list(table.loc["training"]) == [2, 0, 1, 0, 1]


def test_a_job_without_a_log_is_known_by_its_output():
    assert stage_of(Job("all", "1", output="results/wer.csv")) == "wer.csv"
    assert stage_of(Job("x", "1", output="results/noise/p/a.tar")) == "noise"
