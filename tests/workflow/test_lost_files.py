"""Lost files of the finished smoke config: what is made again, when, and what that costs."""

import re
import shutil
import subprocess

import pytest
from changes import ADDED, CHANGES, CROPS, FEATURES, MODELS, SCORES, config_files, plan
from project import SMOKE, Project


@pytest.fixture
def project(smoke_run, tmp_path) -> Project:
    return Project.copied(smoke_run.folder, tmp_path / "a copy")


def lose(project, pattern):
    """Remove the first file of results that fits; return its path below the project."""
    path = sorted((project.folder / "results").glob(pattern))[0]
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    return path.relative_to(project.folder)


def test_a_lost_table_is_made_again(project):
    lose(project, "table1.csv")
    assert plan(project) == {"write_table": 1, "all": 1}


LOST = {
    "mouths/*/test/00000.tar": (
        CHANGES["a test SNR"],
        # All that was made of the shard, as Snakemake cannot know that it will come out the same.
        {
            **{"crop_mouths": 1, "index_mouths": 1, "draw_mouths": 1, "summarise_mouths": 1},
            **{"mix_noise": 2, "extract_features": 4, "index_features": 4},
            **{"decode": 14 + 4, "record_routing": 1, "record_similarity": 1, **SCORES},
            "collect_costs": 1,
        },
    ),
    # Nobody reads these any more.
    "mouths/*/train/00000.tar": (CHANGES["a seed"], ADDED["a seed"]),
    "noise/*/train/view_0/00000.tar": (CHANGES["a seed"], ADDED["a seed"]),
    "features/toy-whisper/*/train/view_0/index.json": (
        CHANGES["a seed"],
        {"index_features": 1, **MODELS, "train_model": 7 + 1, "decode": 14 + 2}
        | SCORES
        | {"score_experiment": 4},
    ),
    "evaluation/*.llama-avsr.*/clean/a4_v2.jsonl": (
        {"scoring": {"seed": 1}},
        {"decode": 1, "collect_costs": 1, **SCORES},
    ),
    "training/*.mtsk-ss.*/adapters": (
        {"decoding": {"beams": 3}},
        {"train_model": 1, "decode": 14, "collect_costs": 1, "draw_losses": 1, **SCORES},
    ),
}
"""Lost file -> a change that needs what was made of it, or itself; the jobs of that change."""


@pytest.mark.parametrize("pattern", LOST)
def test_a_file_lost_in_the_middle_is_made_again_when_it_is_read(project, pattern):
    lose(project, pattern)
    assert not plan(project)
    change, jobs = LOST[pattern]
    assert plan(project, change) == jobs


def test_a_lost_shard_that_is_made_again_with_the_features_alone_costs_no_decoding(project):
    (shard,) = (project.folder / "results").glob("mouths/*/test/00000.tar")
    content = shard.read_bytes()
    lost = str(lose(project, "mouths/*/test/00000.tar"))
    cropped = {"crop_mouths": 1, "index_mouths": 1}
    tests = {"mix_noise": 1, "extract_features": 3, "index_features": 3}
    assert project.plan(*SMOKE, "--", lost, "features") == cropped | tests | {"features": 1}
    shard.write_bytes(content)
    done = project.run("--touch", *SMOKE, "--", lost, "features")
    assert done.returncode == 0, done.stdout
    assert plan(project) == {"draw_mouths": 1, "all": 1}
    assert plan(project, CHANGES["a test SNR"]) == ADDED["a test SNR"] | {"draw_mouths": 1}


def test_what_would_be_stale_is_made_again_though_it_was_lost(project):
    change = {"mouths": {"min_frames": 13}}
    expected = plan(project, change)
    assert expected == CROPS | FEATURES | MODELS | SCORES
    lose(project, "mouths/*/train/00000.tar")
    lose(project, "features/toy-whisper/*/train/view_0/00000.tar")
    assert plan(project, change) == expected


def test_a_lost_shard_of_finished_features_stops_a_run_before_its_first_job(project):
    pattern = "features/toy-whisper/*/train/view_0/00000.tar"
    (shard,) = (project.folder / "results").glob(pattern)
    before = shard.read_bytes()
    lost = lose(project, pattern)
    files = config_files(project, CHANGES["a seed"])
    result = project.run(*files)
    assert result.returncode == 1
    assert f"finished features have lost {lost}." in result.stdout
    assert "Traceback" not in result.stdout
    assert not list((project.folder / "results" / "logs" / "training").glob("*.s1.log"))
    command = re.search(r"Make them anew first: `(.*)`", result.stdout)[1]
    done = subprocess.run(
        command, shell=True, cwd=project.folder, env=project.environment, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert shard.read_bytes() == before
    assert not plan(project)
    assert plan(project, CHANGES["a seed"]) == ADDED["a seed"]
