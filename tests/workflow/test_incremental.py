"""What a change asks for, and nothing else: exact job lists after the smoke config has run."""

import os

import pandas as pd
import pytest
from changes import (
    ADDED,
    CHANGES,
    CROPS,
    FEATURES,
    MODELS,
    SCORES,
    TABLE1,
    config_files,
    noise_check,
    plan,
    pretend,
)
from project import SMOKE, Project

JOINED = {"collect_scores": 1, "check_results": 1, "write_results": 1, "draw_losses": 1, "all": 1}
JOINED |= {"collect_costs": 1}
REMOVED = {
    "an audio rate": SCORES | {"write_table": 3, "draw_losses": 1, "collect_costs": 1},
    "a video rate": SCORES | {"write_table": 3, "draw_losses": 1, "collect_costs": 1},
    "a method": TABLE1 | {"draw_losses": 1},
    "a seed": JOINED,
    "a test SNR": TABLE1,
    "a fault of the video": {name: 1 for name in JOINED if name != "draw_losses"},
    "an absent modality": {name: 1 for name in JOINED if name != "draw_losses"},
    "a corpus": JOINED,
    "an encoder": JOINED,
    "an LLM": JOINED,
    # Models are trained on fewer views; the audio's shards are another list, which Snakemake sees.
    "a view": {"extract_views": 2, "index_features": 1} | MODELS | SCORES,
}
"""What is removed again -> rule -> jobs: no row stays in a table, and nothing is trained or decoded
but for a view less."""


@pytest.fixture
def project(smoke_run, tmp_path) -> Project:
    return Project.copied(smoke_run.folder, tmp_path / "a copy")


@pytest.mark.parametrize("what", CHANGES)
def test_adding_and_removing(project, what):
    assert plan(project, CHANGES[what]) == ADDED[what]
    pretend(project, CHANGES[what])
    assert plan(project) == REMOVED[what]


EDITED = {
    "corpus/scan.py": {
        **{"scan_corpus": 1, "make_babble": 1, "make_llama": 1},
        **(CROPS | FEATURES | MODELS | SCORES),
    },
    "mouths/clip.py": CROPS | FEATURES | MODELS | SCORES,
    # Clean sound and pictures stay as they are.
    "noise/apply.py": {
        **{"mix_noise": 1, "mix_views": 2},
        **{"extract_features": 1, "extract_views": 2, "index_features": 2},
        **(MODELS | SCORES),
    },
    "features/extract.py": FEATURES | MODELS | SCORES,
    "training/trainer.py": MODELS | SCORES,
    "evaluation/beams.py": {"decode": 14, "collect_costs": 1} | SCORES,
    # Table 4 too, as tables import what the columns of scores are called.
    "evaluation/word_errors.py": SCORES | {"write_table": 3},
    "report/figures/experts.py": {"draw_figure": 3, "all": 1},
}
"""Module -> rule -> jobs, where its code changes."""


def test_words_in_modules_ask_for_nothing(project):
    for module in EDITED:
        with (project.folder / "src" / "mavsr" / module).open("a") as file:
            file.write("\n# A word more.\n")
    assert not plan(project)


@pytest.mark.parametrize("module", EDITED)
def test_code_of_a_stage_asks_for_that_stage_and_what_follows(project, module):
    with (project.folder / "src" / "mavsr" / module).open("a") as file:
        file.write("\nMORE = 1\n")
    assert plan(project) == EDITED[module]


@pytest.mark.parametrize(
    ("change", "jobs"),
    [
        ({"mouths": {"sheet_clips": 3}}, {"draw_mouths": 3, "all": 1}),
        (
            {"table4": {"small": {"shape": "llama-3.2-1b", "lora_rank": 64}}},
            {"write_table": 1, "all": 1},
        ),
        ({"scoring": {"seed": 1}}, SCORES),
    ],
    ids=["contact sheets", "table 4", "intervals"],
)
def test_a_key_of_the_end_asks_for_the_end(project, change, jobs):
    assert plan(project, change) == jobs


def touch(files):
    """Give files new times, one after the other, as a copy without times does."""
    for number, path in enumerate(sorted(files)):
        os.utime(path, (NOW + number, NOW + number))


NOW = 1_700_000_000
FROM_THE_ROOT = ("src", "workflow", "Snakefile", "config.yaml")


def test_touching_the_sources_asks_for_nothing(project):
    below = [project.folder / name for name in FROM_THE_ROOT]
    touch(path for place in below for path in (place, *place.rglob("*")) if path.is_file())
    assert not plan(project)


def test_touching_all_results_at_once_asks_for_nothing(project):
    for path in (project.folder / "results").rglob("*"):
        os.utime(path, (NOW, NOW))
    assert not plan(project)


def test_results_that_lost_their_times_are_declared_done(project):
    """Of files over 1 MB Snakemake has times alone: here the crops, which are copied last."""
    touch(path for path in (project.folder / "results").rglob("*") if path.is_file())
    assert "crop_mouths" not in plan(project)
    done = project.run("--touch", *SMOKE)
    assert done.returncode == 0, done.stdout
    assert not plan(project)


FEWER = {"rates": {"audio": [4]}}
MORE = {"more": [{"methods": ["mtsk-ms"], "rates": {"audio": [4]}}]}
ASKED = {"use_experiments": ["table1", "noise_check", "mome_experts", "more"]}
ENTRY = {
    "score_experiment": 1,
    "collect_scores": 1,
    "check_results": 1,
    "write_results": 1,
    "all": 1,
}


@pytest.mark.parametrize(
    ("change", "jobs"),
    [
        (
            FEWER,
            {
                **{
                    "train_model": 4 + 1,
                    "decode": 4 + 1 + 1,
                    "record_routing": 1,
                },
                # At one scale there is nothing to be alike: figure mome/similarity is left out.
                **(SCORES | {"write_table": 3, "draw_figure": 2, "draw_losses": 1}),
                "collect_costs": 1,
            },
        ),
        (
            {"experiments": MORE, **ASKED},
            {"train_model": 1, "decode": 1, "collect_costs": 1, "draw_losses": 1, **ENTRY},
        ),
        # The model of Table 1 at both rates serves the entry, and is decoded already.
        ({"experiments": MORE, **ASKED, "reuse_superset": True}, ENTRY),
    ],
    ids=["fewer rates", "one entry of fewer", "served by a model of more"],
)
def test_models_of_more_rates_serve_fewer_if_the_config_says_so(project, change, jobs):
    assert plan(project, change) == jobs


def test_after_real_changes_nothing_stale_is_left(project):
    results = project.folder / "results"
    names = ("wer.csv", "table1.csv", "noise_check.csv")
    before = {name: (results / name).read_bytes() for name in names}

    run(project, FEWER)
    fewer, table, check = (pd.read_csv(results / name) for name in names)
    assert all(".a4." in model for model in fewer.model)
    assert list(table.columns) == ["corpus", "method", "(4,2)"]
    assert list(check.audio_rate) == [4]

    run(project, {"experiments": {"noise_check": noise_check("snr_5")}})
    assert set(pd.read_csv(results / "wer.csv").condition) == {"clean", "snr_5"}
    assert set(pd.read_csv(results / "noise_check.csv").condition) == {"snr_5"}
    assert (results / "table1.csv").read_bytes() == before["table1.csv"]

    run(project, {})
    assert {name: (results / name).read_bytes() for name in names} == before


def run(project, change):
    """Run the changed config to its end; after it nothing is left to do."""
    result = project.run(*config_files(project, change))
    assert result.returncode == 0, result.stdout[-3000:]
    assert not plan(project, change)
