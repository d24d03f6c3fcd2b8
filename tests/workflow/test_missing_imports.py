"""What is not there beside finished results: an imported model, a file of the user's."""

import pytest
from changes import config_files, plan
from project import Project

IMPORTED = {
    "imported": {
        "rel": {
            **{"label": "A", "task": "avsr", "llm": "toy-llama"},
            **{"audio_encoder": "toy-whisper", "video_encoder": "toy-avhubert"},
            "rates": {"audio": [4, 16], "video": [2]},
        }
    },
    "experiments": {"released": [{"imported": ["rel"]}]},
    "use_experiments": ["table1", "noise_check", "mome_experts", "released"],
}


@pytest.fixture
def project(smoke_run, tmp_path) -> Project:
    return Project.copied(smoke_run.folder, tmp_path / "a copy")


def test_finished_results_do_not_hide_that_an_imported_model_is_not_there(project):
    """Snakemake took wer.csv for a source, as nothing could make it: nothing was to be done."""
    jobs = plan(project, IMPORTED)
    scores = ("score_experiment", "collect_scores", "check_results", "write_results")
    assert jobs["decode"] == 2
    assert [jobs[rule] for rule in scores] == [1] * 4
    assert not {"train_model", "draw_losses"} & set(jobs)
    result = project.run(*config_files(project, IMPORTED))
    assert result.returncode == 1
    assert "imported.rel: results/training/rel/run.json does not exist; import" in result.stdout
    assert "rule decode" not in result.stdout


def test_where_no_model_is_trained_no_losses_are_drawn(project):
    change = IMPORTED | {"use_experiments": ["released"]}
    files = config_files(project, change)
    jobs = plan(project, change)
    assert (jobs["decode"], jobs["draw_losses"]) == (2, 0)
    (project.folder / "results" / "report" / "losses.png").unlink()
    assert plan(project, change)["draw_losses"] == 0
    named = project.run("--dry-run", *files, "--", "results/report/losses.png")
    assert "no model is trained here" in named.stdout


def test_touching_asks_for_no_file_of_the_users(project):
    change = {"noise": {"babble": "gone.wav"}}
    files = config_files(project, change)
    assert plan(project, change)["import_babble"] == 1
    assert "noise.babble: gone.wav is not a file" in project.run(*files).stdout
    (project.folder / "results" / "noise" / "babble.flac").touch()
    result = project.run("--touch", *files)
    assert result.returncode == 0, result.stdout
    assert not plan(project, change)
