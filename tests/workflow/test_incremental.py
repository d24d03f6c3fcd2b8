"""What a change asks for, and nothing else: exact job lists after the smoke config has run.

A change is made, its jobs are counted in a dry run, and it is taken back. Results that would take
minutes are made up: empty files that ``--touch`` declares done. Snakemake decides by names, times
and records, and so does not see the difference.
"""

import copy
import os
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import yaml
from project import SMOKE, Project
from snakemake.utils import update_config

ROOT = Path(__file__).parents[2]
SMOKE_CONFIG = SMOKE[1]

# Of the whole smoke config.
CROPS = {
    **{"crop_mouths": 4, "index_mouths": 3, "draw_mouths": 3, "summarise_mouths": 1},
    **{"mix_noise": 3, "make_whisper": 1, "make_avhubert": 1},
}
FEATURES = {"extract_features": 9, "index_features": 7}
MODELS = {"train_model": 7, "decode": 14, "record_routing": 1, "draw_losses": 1}
SCORES = {
    **{"score_experiment": 3, "collect_scores": 1, "check_results": 1, "all": 1},
    **{"write_table": 2, "draw_figure": 1},
}
# Of an experiment that no table shows, beside its models and transcripts.
MORE = {"score_experiment": 1, "collect_scores": 1, "check_results": 1, "all": 1}
TABLE1 = MORE | {"write_table": 1}
"""Table 1 alone has other rows; so has the noise check, where another ratio is asked for."""


def more(**entry):
    """Changes that add an experiment of one small model."""
    return {
        "use_experiments": ["table1", "noise_check", "mome_experts", "more"],
        "experiments": {"more": [{"methods": ["mtsk-ms"], "task": "asr", **entry}]},
    }


def noise_check(*conditions):
    """Entries of that experiment under other conditions."""
    entry = {"methods": ["mtsk-ms"], "conditions": list(conditions)}
    return [entry, {**entry, "task": "asr"}]


def default(*keys):
    part = yaml.safe_load((ROOT / "config.yaml").read_text())
    for key in keys:
        part = part[key]
    return copy.deepcopy(part)


def another_corpus():
    """A second one like the smoke config's."""
    corpus = default("corpora", "portrait")
    smoke = yaml.safe_load((ROOT / SMOKE_CONFIG).read_text())
    update_config(corpus, smoke["corpora"]["portrait"])
    return corpus | {"root": "results/corpus/other/tree"}


AVSR = ["llama-avsr", "mtsk-ms", "mtsk-ss", "mtsk-mss"]
CHANGES = {
    "an audio rate": {"rates": {"audio": [4, 8, 16]}},
    "a video rate": {"rates": {"video": [2, 5]}},
    "a method": {
        "experiments": {"table1": [{"methods": AVSR}, {"methods": ["mome-ffn", "mome-mhsa"]}]}
    },
    "a seed": more(seed=1),
    "a test SNR": {"experiments": {"noise_check": noise_check("snr_-5", "snr_5")}},
    "a corpus": {"corpora": {"other": another_corpus()}, **more(corpus="other")},
    "an encoder": {
        "encoders": {"second": default("encoders", "whisper-standin")},
        **more(audio_encoder="second"),
    },
    "an LLM": {"llms": {"second": default("llms", "llama-standin")}, **more(llm="second")},
}
"""What is changed -> what differs from the smoke config."""

ADDED = {
    # Llama-AVSR has a model more; MS, SS, MSS, MoME and MS by ear are others.
    "an audio rate": {
        **{"train_model": 1 + 4 + 1, "decode": 1 + 4 * 3 + 3 + 3},
        **{"record_routing": 1, "draw_losses": 1},
        # Table 4 has the tokens of every rate.
        **(SCORES | {"write_table": 3}),
    },
    "a video rate": {
        **{"train_model": 2 + 4, "decode": 2 + 4 * 4 + 4},
        **{"record_routing": 1, "draw_losses": 1},
        **(SCORES | {"write_table": 3}),
    },
    "a method": {"train_model": 1, "decode": 2, "draw_losses": 1, **TABLE1},
    "a seed": {"train_model": 1, "decode": 2, "draw_losses": 1, **MORE},
    "a test SNR": {
        **{"mix_noise": 1, "extract_features": 1, "index_features": 1, "decode": 2 + 2},
        **TABLE1,
    },
    "a corpus": {
        **{"make_portrait": 1, "scan_corpus": 1},
        **{"crop_mouths": 4, "index_mouths": 3, "draw_mouths": 3, "summarise_mouths": 1},
        **{"make_babble": 1, "mix_noise": 2, "extract_features": 4, "index_features": 3},
        **{"train_model": 1, "decode": 2, "draw_losses": 1, **MORE},
    },
    "an encoder": {
        **{"extract_features": 4, "index_features": 3},
        **{"train_model": 1, "decode": 2, "draw_losses": 1, **MORE},
    },
    "an LLM": {"train_model": 1, "decode": 2, "draw_losses": 1, **MORE},
}
"""What is added -> rule -> jobs."""

JOINED = {"collect_scores": 1, "check_results": 1, "draw_losses": 1, "all": 1}
REMOVED = {
    "an audio rate": SCORES | {"write_table": 3, "draw_losses": 1},
    "a video rate": SCORES | {"write_table": 3, "draw_losses": 1},
    "a method": TABLE1 | {"draw_losses": 1},
    "a seed": JOINED,
    "a test SNR": TABLE1,
    "a corpus": JOINED,
    "an encoder": JOINED,
    "an LLM": JOINED,
}
"""What is removed again -> rule -> jobs: nothing is trained or decoded, no row stays in a table."""


@pytest.fixture
def project(smoke_run, tmp_path) -> Project:
    return Project.copied(smoke_run.folder, tmp_path / "a copy")


def plan(project, change=None, *more):
    """Rule -> jobs under the smoke config and a change of it."""
    return project.plan(*config_files(project, change or {}), *more)


def config_files(project, change):
    (project.folder / "change.yaml").write_text(yaml.safe_dump(change))
    return (*SMOKE, "change.yaml")


def pretend(project, change):
    """Leave everything as if the changed config had run, with empty files for what is new."""
    files = config_files(project, change)
    shown = project.run("--dry-run", *files)
    assert shown.returncode == 0, shown.stdout
    for line in re.findall(r"^    output: (.*)$", shown.stdout, re.M):
        for path in (project.folder / name for name in line.split(", ")):
            if path.name == "adapters":
                path.mkdir(parents=True, exist_ok=True)
            elif not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
    done = project.run("--touch", *files)
    assert done.returncode == 0, done.stdout
    assert not project.plan(*files)


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
        **{"mix_noise": 3, "extract_features": 3, "index_features": 2},
        **(MODELS | SCORES),
    },
    "features/extract.py": FEATURES | MODELS | SCORES,
    "training/trainer.py": MODELS | SCORES,
    "evaluation/beams.py": {"decode": 14} | SCORES,
    # Table 4 too, as tables import what the columns of scores are called.
    "evaluation/word_errors.py": SCORES | {"write_table": 3},
    "report/figures/experts.py": {"draw_figure": 1, "all": 1},
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
            **{"decode": 14 + 4, "record_routing": 1, **SCORES},
        },
    ),
    # Nobody reads these any more.
    "mouths/*/train/00000.tar": (CHANGES["a seed"], ADDED["a seed"]),
    "noise/*/train/view_0/00000.tar": (CHANGES["a seed"], ADDED["a seed"]),
    "features/whisper-standin/*/train/view_0/index.json": (
        CHANGES["a seed"],
        {"index_features": 1, **MODELS, "train_model": 7 + 1, "decode": 14 + 2}
        | SCORES
        | {"score_experiment": 4},
    ),
    "evaluation/*.llama-avsr.*/clean/a4_v2.jsonl": (
        {"scoring": {"seed": 1}},
        {"decode": 1, **SCORES},
    ),
    "training/*.mtsk-ss.*/adapters": (
        {"decoding": {"beams": 3}},
        {"train_model": 1, "decode": 14, "draw_losses": 1, **SCORES},
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
    lose(project, "features/whisper-standin/*/train/view_0/00000.tar")
    assert plan(project, change) == expected


def test_a_lost_shard_of_finished_features_stops_a_run_before_its_first_job(project):
    pattern = "features/whisper-standin/*/train/view_0/00000.tar"
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
    assert project.plan(*files) == ADDED["a seed"]


FEWER = {"rates": {"audio": [4]}}
REUSED = FEWER | {"reuse_superset": True}


@pytest.mark.parametrize(
    ("change", "jobs"),
    [
        (
            FEWER,
            {
                **{"train_model": 4 + 1, "decode": 4 + 1 + 1, "record_routing": 1},
                **(SCORES | {"write_table": 3, "draw_losses": 1}),
            },
        ),
        # Experts are drawn at (4,2) by the same model as before.
        (REUSED, JOINED | {"score_experiment": 2, "write_table": 3}),
        (
            REUSED | {"setup": {"seed": 1}},
            {
                **{"train_model": 1 + 4 + 1, "decode": 1 + 4 + 1 + 1, "record_routing": 1},
                **(SCORES | {"write_table": 3, "draw_losses": 1}),
            },
        ),
        (
            REUSED | {"training": {"epochs": 3}},
            {
                **{"train_model": 1 + 4 + 1, "decode": 1 + 4 + 1 + 1, "record_routing": 1},
                **(SCORES | {"write_table": 3, "draw_losses": 1}),
            },
        ),
    ],
    ids=["not asked for", "asked for", "of another seed", "trained otherwise"],
)
def test_models_of_more_rates_serve_fewer_if_the_config_says_so(project, change, jobs):
    assert plan(project, change) == jobs


def test_after_real_changes_nothing_stale_is_left(project):
    results = project.folder / "results"
    names = ("wer.csv", "table1.csv", "noise_check.csv")
    before = {name: (results / name).read_bytes() for name in names}
    scores = pd.read_csv(results / "wer.csv")

    run(project, REUSED)
    fewer, table, check = (pd.read_csv(results / name) for name in names)
    assert fewer.equals(scores[scores.audio_rate == 4].reset_index(drop=True))
    trained = dict(zip(fewer.method, fewer.model, strict=True))
    assert ".a4.v2." in trained.pop("llama-avsr")
    assert all(".a4-16.v2." in model for model in trained.values())
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
