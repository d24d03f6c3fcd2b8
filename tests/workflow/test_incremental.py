"""What a change asks for, and nothing else: job lists of dry runs after the smoke config has run.

The expected jobs are counted from the config alone: what the changed one names and the old one did
not. Tables and figures are cheap and follow any new score; their rules are not counted.
"""

import copy
import os
from collections import Counter
from contextlib import contextmanager

import pytest
import yaml
from project import Project

from mavsr.configuration import DEFAULT, read_config
from mavsr.experiments import all_evaluations, all_models
from mavsr.features.needs import wanted_caches

SMOKE = ("--configfile", "workflow/configs/smoke.yaml")
COUNTED = {
    *("make_portrait", "scan_corpus", "crop_mouths", "index_mouths", "draw_mouths"),
    *("summarise_mouths", "make_babble", "mix_noise", "make_whisper", "make_avhubert"),
    *("make_llama", "extract_features", "index_features", "train_model", "decode"),
}


@pytest.fixture
def project(smoke_run):
    return smoke_run


@pytest.fixture(scope="module")
def smoke():
    return read_config([DEFAULT.parent / SMOKE[1]])


def counted(jobs):
    return {rule: count for rule, count in jobs.items() if rule in COUNTED}


def asked(config):
    """Every file that a config asks for before the scores, with the rule that makes it."""
    models, caches = all_models(config), wanted_caches(config)
    files = {("train_model", name) for name in models}
    files |= {("decode", e.path) for e in all_evaluations(config)}
    for c in caches:
        shards = range(config["corpora"][c.corpus]["shards"][c.split])
        files.add(("index_features", c))
        files |= {("extract_features", c, n) for n in shards}
        if config["encoders"][c.encoder]["kind"] == "whisper" and c.condition != "clean":
            files |= {("mix_noise", c.corpus, c.split, c.condition, n) for n in shards}
            files.add(("make_babble", c.corpus))
    for corpus in {model.corpus for model in models.values()}:
        files |= {(rule, corpus) for rule in ("make_portrait", "scan_corpus", "summarise_mouths")}
        for split, count in config["corpora"][corpus]["shards"].items():
            files |= {("index_mouths", corpus, split), ("draw_mouths", corpus, split)}
            files |= {("crop_mouths", corpus, split, n) for n in range(count)}
    return files


def changed(smoke, **sections):
    """The smoke config with sections replaced, and as a file's text."""
    config = copy.deepcopy(smoke) | sections
    return config, yaml.safe_dump(config)


def jobs_for(project, text, *more):
    path = project.folder / "changed.yaml"
    path.write_text(text)
    try:
        return project.plan("--configfile", path.name, *more)
    finally:
        path.unlink()


def more_experiments(smoke, **entry):
    return smoke["experiments"] | {"more": [{"methods": ["mtsk-ms"], **entry}]}


def another_corpus(smoke):
    mine = copy.deepcopy(smoke["corpora"]["portrait"]) | {"root": "results/corpus/other/tree"}
    return smoke["corpora"] | {"other": mine}


CHANGES = {
    "an audio rate": lambda c: {"rates": {"audio": [4, 8, 16], "video": [2]}},
    "a video rate": lambda c: {"rates": {"audio": [4, 16], "video": [2, 5]}},
    "a method": lambda c: {"experiments": more_experiments(c, task="vsr")},
    "a seed": lambda c: {"experiments": more_experiments(c, seed=1)},
    "a test SNR": lambda c: {"experiments": more_experiments(c, conditions=["snr_5"])},
    "a corpus": lambda c: {
        "corpora": another_corpus(c),
        "experiments": more_experiments(c, corpus="other"),
    },
    "an encoder": lambda c: {
        "encoders": c["encoders"] | {"second": dict(c["encoders"]["whisper-standin"])},
        "experiments": more_experiments(c, audio_encoder="second"),
    },
    "an LLM": lambda c: {
        "llms": c["llms"] | {"second": dict(c["llms"]["llama-standin"])},
        "experiments": more_experiments(c, llm="second"),
    },
}


@pytest.mark.parametrize("what", CHANGES)
def test_adding(project, smoke, what):
    config, text = changed(smoke, **CHANGES[what](smoke))
    new = asked(config) - asked(smoke)
    assert {kind for kind, *_ in new} >= {"decode"}
    assert counted(jobs_for(project, text)) == Counter(kind for kind, *_ in new)


REMOVALS = {
    "an audio rate of one model each": {"experiments": {"table1": [{"methods": ["mtsk-ms"]}]}},
    "all but one experiment": {"experiments": {"table1": [{"methods": ["mtsk-ss"]}]}},
}


@pytest.mark.parametrize("what", REMOVALS)
def test_removing_asks_for_tables_alone(project, smoke, what):
    config, text = changed(smoke, **REMOVALS[what])
    assert asked(config) < asked(smoke)
    jobs = jobs_for(project, text)
    assert not counted(jobs)
    assert jobs["collect_scores"] == 1


@contextmanager
def edited(project, module, change):
    """A module with its text changed, and afterwards as before."""
    path = project.folder / "src" / "mavsr" / module
    before = path.read_text()
    path.write_text(change(before))
    try:
        yield
    finally:
        path.write_text(before)


MODULES = {
    "mouths/align.py": {"crop_mouths", "train_model", "decode"},
    "noise/mixing.py": {"mix_noise", "train_model", "decode"},
    "features/extract.py": {"extract_features", "index_features", "train_model", "decode"},
    "training/trainer.py": {"train_model", "decode"},
    "evaluation/decode.py": {"decode"},
}


@pytest.mark.parametrize("module", MODULES)
def test_a_comment_reruns_nothing_and_code_its_stage(project, module):
    with edited(project, module, lambda text: f"{text}\n# A word more.\n"):
        assert not project.plan(*SMOKE)
    with edited(project, module, lambda text: f"{text}\nMORE = 1\n"):
        jobs = counted(project.plan(*SMOKE))
    assert MODULES[module] <= set(jobs)
    first = min(MODULES[module], key=list(ORDER).index)
    assert not {rule for rule in jobs if ORDER[rule] < ORDER[first]}


ORDER = {
    **{"make_portrait": 0, "scan_corpus": 1, "crop_mouths": 2, "index_mouths": 3},
    **{"draw_mouths": 3, "summarise_mouths": 3, "make_babble": 3, "mix_noise": 4},
    **{"make_whisper": 5, "make_avhubert": 5, "make_llama": 5, "extract_features": 6},
    **{"index_features": 7, "train_model": 8, "decode": 9},
}


def test_a_key_that_only_a_figure_reads(project):
    jobs = project.plan(*SMOKE, "--config", "mouths={sheet_clips: 3}")
    assert counted(jobs) == {"draw_mouths": 3}


def test_touching_everything_asks_for_nothing(project):
    for root in ("results", "src", "workflow"):
        for path in (project.folder / root).rglob("*"):
            if path.is_file():
                os.utime(path, (NOW, NOW))
    assert not project.plan(*SMOKE)


NOW = 2_000_000_000
"""The same time for all files, so that none is older than what it is made of."""


def one(project, pattern):
    return sorted((project.folder / "results").glob(pattern))[0]


@contextmanager
def missing(path):
    kept = path.with_name(path.name + ".kept")
    path.rename(kept)
    try:
        yield
    finally:
        kept.rename(path)


LOST = {
    "features/*/portrait/train/view_0/00000.tar": {"extract_features", "index_features"},
    "mouths/portrait/train/00000.tar": {"crop_mouths", "index_mouths"},
    "evaluation/*/clean/*.jsonl": {"decode"},
    "training/*/projectors.safetensors": {"train_model", "decode"},
    "table1.csv": set(),
}


@pytest.mark.parametrize("pattern", LOST)
def test_a_lost_file_is_made_again(project, pattern):
    with missing(one(project, pattern)):
        jobs = project.plan(*SMOKE)
    assert LOST[pattern] <= set(jobs)
    assert jobs
    if not LOST[pattern]:
        assert set(jobs) <= {"table1", "all"}


def test_the_features_of_another_user_are_used_as_they_are(project, tmp_path, smoke):
    mine = Project(tmp_path / "mine")
    (mine.folder / "results").mkdir()
    for name in ("corpus", "mouths", "noise", "standins", "features"):
        (mine.folder / "results" / name).symlink_to(project.folder / "results" / name)
    before = sorted(project.folder.rglob("*"))
    jobs = counted(mine.plan(*SMOKE))
    trained = [kind for kind, *_ in asked(smoke) if kind in ("train_model", "decode")]
    assert jobs == Counter(trained) | Counter(draw_mouths=3)
    assert sorted(project.folder.rglob("*")) == before


def test_lost_scores_come_back_the_same(project):
    hypotheses, table = one(project, "evaluation/*/clean/*.jsonl"), one(project, "table1.csv")
    before = [path.read_bytes() for path in (hypotheses, table)]
    hypotheses.unlink()
    table.unlink()
    result = project.run(*SMOKE)
    assert result.returncode == 0, result.stdout[-3000:]
    assert [path.read_bytes() for path in (hypotheses, table)] == before
    assert not project.plan(*SMOKE)
