from pathlib import Path

import pandas as pd
import pytest
import yaml

from mavsr.config.read import DEFAULT
from mavsr.status.failures import reason, write_failures
from mavsr.status.snakelog import Job, newest_log, read_log, steps
from mavsr.status.status import outcome, stage_of, status, status_table

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

# As Snakemake quotes the log of a job on a cluster, in which another Snakemake speaks.
QUOTED = """\
Logfile e/17.log:
================
rule crop_mouths:
    output: results/mouths/p/test/00000.tar, results/mouths/p/test/00000.csv
    jobid: 0
SNAKEMAKE
=========
Error in rule crop_mouths:
    message: None
    jobid: 0
================
"""
GROUP = """\
    [Sat Nov 21 12:00:00 2026]
    rule mix_noise:
        output: results/noise/p/test/snr_0/00000.tar
        log: results/logs/noise/p/test/snr_0/00000.log
        jobid: 7
    [Sat Nov 21 12:00:00 2026]
    rule mix_noise:
        output: results/noise/p/test/snr_0/00001.tar
        log: results/logs/noise/p/test/snr_0/00001.log
        jobid: 8
"""
GROUP_FAILED = """\
[Sat Nov 21 12:00:09 2026]
    message: SLURM-job '18' failed, SLURM status is: 'TIMEOUT'.
    log: e/18.log (check log file(s) for error details)
    jobs:
        rule mix_noise:
            jobid: 7
            output: results/noise/p/test/snr_0/00000.tar
            log: results/logs/noise/p/test/snr_0/00000.log (check log file(s) for error details)
        rule mix_noise:
            jobid: 8
            output: results/noise/p/test/snr_0/00001.tar
            log: results/logs/noise/p/test/snr_0/00001.log (check log file(s) for error details)
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


def test_a_quoted_log_is_not_read_as_the_runs_own():
    assert read_log(LOG + QUOTED) == read_log(LOG)
    assert read_log(LOG + QUOTED + AGAIN) == read_log(LOG + AGAIN)


def test_jobs_of_a_group_are_jobs():
    assert [(job.number, job.state) for job in read_log(GROUP)] == [
        ("7", "running"),
        ("8", "running"),
    ]
    for job in read_log(GROUP + GROUP_FAILED):
        assert job.state == "failed"
        assert "TIMEOUT" in job.message
        assert job.logs == (f"results/logs/{job.output[8:-4]}.log", "e/18.log")


def test_why_slurm_ended_a_job_is_part_of_the_reason(folder):
    (folder / "e").mkdir()
    (folder / "e/17.log").write_text("slurmstepd-n1: error: StepId=17.0 exceeded memory limit\n")
    log = folder / "results/logs/mouths/p/test/00000.log"
    log.parent.mkdir(parents=True)
    log.write_text("clips: 40 %\n")
    assert reason(read_log(LOG)[0]) == "clips: 40 % [StepId=17.0 exceeded memory limit]"


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


@pytest.mark.parametrize(
    ("text", "alive", "told"),
    [
        ("1 of 2 steps (50%) done\n2 of 2 steps (100%) done\n", False, "target is complete: all 2"),
        ("1 of 2 steps (50%) done\n", False, "ended before its target was complete: 1 of 2 jobs"),
        ("1 of 2 steps (50%) done\n", True, "it goes on: 1 of 2 jobs"),
        (LOG, True, "it goes on: no job is done yet"),
        (f"1 of 3 steps (33%) done\n{QUOTED}", False, "complete: 1 of 3"),
    ],
)
def test_what_became_of_the_target_is_said(text, alive, told):
    assert told in outcome(steps(text), alive)


def test_jobs_are_counted_in_their_stages():
    table = status_table({"mouths": (9, 4), "training": (2, 0)}, read_log(LOG)).set_index("stage")
    assert list(table.loc["mouths"]) == [9, 4, 0, 1, 4]
    assert list(table.loc["training"]) == [2, 0, 1, 0, 1]


def test_looking_needs_no_sizes_of_encoders_and_llms(folder, capsys):
    """They may be hub models that this machine has not fetched."""
    mine = {
        "encoders": {"toy-whisper": {"kind": "whisper", "path": "ann/hears", "revision": None}},
        "llms": {"toy-llama": {"path": "ann/llama-3-talks"}},
    }
    (folder / "mine.yaml").write_text(yaml.safe_dump(mine))
    status([DEFAULT.parent / "workflow/configs/smoke.yaml", Path("mine.yaml")])
    rows = dict(line.split()[:2] for line in capsys.readouterr().out.splitlines() if line.strip())
    assert (rows["training"], rows["evaluation"]) == ("7", "14")


def test_a_toy_is_done_when_its_files_are_there(folder, capsys):
    """Snakemake makes its folder before the job begins."""
    toys = folder / "results" / "toy" / "portrait"
    for name in ("llama", "whisper"):
        (toys / name).mkdir(parents=True)

    def told():
        status([DEFAULT.parent / "workflow/configs/smoke.yaml"])
        rows = [line.split() for line in capsys.readouterr().out.splitlines()]
        return next(row for row in rows if row[:1] == ["toy"])

    assert told()[1:3] == ["3", "0"]
    (toys / "llama" / "toy.json").touch()
    (toys / "avhubert.pt").touch()
    assert told()[1:3] == ["3", "2"]


def test_a_rule_that_only_asks_for_files_is_of_no_stage():
    asks = "localrule features:\n    input: results/features/p/ear/index.json\n    jobid: 0\n"
    [job] = read_log(asks)
    assert (job.rule, stage_of(job)) == ("features", "")
    assert list(status_table({"features": (3, 1)}, [job]).loc[0, "done":]) == [1, 0, 0, 2]


def test_a_job_without_a_log_is_known_by_its_output():
    assert stage_of(Job("all", "1", output="results/wer.csv")) == "wer.csv"
    assert stage_of(Job("x", "1", output="results/noise/p/a.tar")) == "noise"
