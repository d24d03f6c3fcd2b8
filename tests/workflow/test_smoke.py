"""The whole chain on a corpus of a few clips.

The tests of this file share one folder and run in order.
"""

import hashlib
import json
import os
import re
import signal
import subprocess

import pandas as pd
import pytest
from processes import wait_until
from project import SMOKE, Project

TABLES = ("results/table1.csv", "results/wer.csv", "results/noise_check.csv")
SHOWN = {
    *("score_experiment", "collect_scores", "check_results", "write_results", "collect_costs"),
    *("write_table", "draw_figure", "all"),
}
LATE = {"train_model", "decode", "record_routing", "record_similarity", "draw_losses"} | SHOWN


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def project(smoke_run) -> Project:
    return smoke_run


def test_the_tables_come_out_in_the_right_shape(project):
    table1, scores, check = (pd.read_csv(project.folder / path) for path in TABLES)
    assert list(table1.columns) == ["corpus", "method", "(4,2)", "(16,2)"]
    assert list(table1.method) == [
        "Llama-AVSR",
        "Llama-MTSK MS",
        "Llama-MTSK SS",
        "Llama-MTSK MSS",
        "MoME-23/4-FFN",
    ]
    assert table1.notna().all().all()
    assert len(scores) == 10 + 2 + 2
    assert (scores.utterances == 8).all()
    assert scores.wer.ge(0).all()
    assert len(check) == 2
    assert check.ratio.notna().all()


def test_the_cost_of_every_scale_comes_out(project):
    costs = pd.read_csv(project.folder / "results" / "cost.csv")
    assert len(costs) == 10 + 2 + 2
    parts = costs[["encoder_tflops", "projector_tflops", "prefix_tflops", "beam_tflops"]]
    assert parts.gt(0).all(axis=None)
    # Of numbers that were rounded to four digits.
    assert ((parts.sum(axis=1) / costs.total_tflops - 1).abs() < 1e-3).all()
    assert (costs.seconds > 0).all()
    own = costs[costs.method == "mtsk-ms"].set_index(["condition", "task", "audio_rate"])
    fine, coarse = own.loc[("clean", "avsr", 4)], own.loc[("clean", "avsr", 16)]
    assert fine.prefix_tflops > coarse.prefix_tflops
    assert fine.encoder_tflops == coarse.encoder_tflops


def test_figures_and_checks_come_out(project):
    results = project.folder / "results"
    assert (results / "mome" / "experts.pdf").read_bytes().startswith(b"%PDF")
    assert (results / "report" / "losses.png").stat().st_size > 5000
    checks = pd.read_csv(results / "checks.csv")
    times = checks.check.value_counts()
    assert set(times) == {1, 14}  # of all scores at once, or of each model, condition and scale
    assert (times == 14).sum() == 8
    assert (checks.outcome == "holds").all()


def test_the_report_is_one_file_that_opens_on_the_main_table(project):
    result = project.run(*SMOKE, "--", "report_pages")
    assert result.returncode == 0, result.stdout[-3000:]
    style = ("--report-stylesheet", "workflow/report/style.css")
    result = project.run(*SMOKE, "--report", "report.html", *style, "--", "report_pages")
    assert result.returncode == 0, result.stdout[-3000:]
    text = (project.folder / "report.html").read_text()
    opening = text[text.index("var workflow_desc") : text.index('<script id="results">')]
    assert "Llama-MTSK SS" in opening
    assert "(16,2)" in opening
    assert r"\u00b1" in opening  # plus-minus: the table with its intervals
    # Snakemake's page breaks where a second label has two values, equally frequent.
    labels = [json.loads(found) for found in re.findall(r'"labels": (\{[^}]*\})', text)]
    assert {"shows": "table1"} in labels
    assert all(len(label) == 1 for label in labels)
    for name in ("table1.html", "experts.png", "portrait_train.png", "losses.png", "run.html"):
        assert name in text
    assert 'src="http' not in text


def test_the_models_say_something(project):
    files = list((project.folder / "results" / "evaluation").rglob("*.jsonl"))
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert len(lines) == 14 * 8
    assert any(line["hypothesis"] for line in lines)


def test_every_job_kept_a_log(project):
    logs = list((project.folder / "results" / "logs").rglob("*.log"))
    jobs = project.plan(*SMOKE, "--forceall", "--", "report_pages")
    assert len(logs) == sum(jobs.values()) - 1


def test_nothing_is_left_to_do(project):
    assert not project.plan(*SMOKE)
    assert not list((project.folder / "results").rglob("*.partial"))
    assert not list((project.folder / "results").rglob("resume"))


def test_training_settings_retrain_and_nothing_before(project):
    jobs = project.plan(*SMOKE, "--config", "training={epochs: 3}")
    assert set(jobs) == LATE
    assert jobs["train_model"] == 2 + 4 + 1


@pytest.mark.parametrize(
    "change",
    ["training={save_every_s: 7}", "decoding={batch_tokens: 3}", "decoding={sampling: {seed: 1}}"],
)
def test_settings_that_change_no_result_ask_for_nothing(project, change):
    assert not project.plan(*SMOKE, "--config", change)


def test_a_laxer_limit_of_dropped_clips_asks_for_no_crop_and_no_model(project):
    jobs = project.plan(*SMOKE, "--config", "mouths={max_dropped: 0.5}")
    # Scores are held against the ledger, of which a dry run cannot know that it will be the same.
    assert set(jobs) <= {"index_mouths", "draw_mouths", "summarise_mouths"} | SHOWN
    assert jobs["index_mouths"] == 3


def test_decoding_settings_rescore_alone(project):
    jobs = project.plan(*SMOKE, "--config", "decoding={beams: 3}")
    assert set(jobs) == {"decode"} | SHOWN


def test_a_run_killed_in_the_middle_ends_with_the_same_bytes(smoke_run, tmp_path):
    # A copy, as the shards that are made anew are younger than what was made of them.
    project = Project.copied(smoke_run.folder, tmp_path / "project")
    paths = [
        "results/noise/portrait/train/view_0/00000.tar",
        "results/features/toy-whisper/portrait/train/view_0/00000.tar",
    ]
    files = [project.folder / path for path in paths]
    before = [digest(file) for file in files]
    for file in files:
        file.unlink()
    process = subprocess.Popen(
        project.command(*paths, *SMOKE),
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

    def half():
        return list(files[0].parent.glob(f".{files[0].name}.*.partial"))

    wait_until(half, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert half()
    assert not any(file.exists() for file in files)
    assert project.run("--unlock", *SMOKE).returncode == 0
    result = project.run(*paths, *SMOKE)
    assert result.returncode == 0, result.stdout[-3000:]
    assert [digest(file) for file in files] == before
    assert not half()
