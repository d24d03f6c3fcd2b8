"""One model for the rates of several (``reuse_superset``)."""

import copy
import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from mavsr.experiments import all_models, asked_models, evaluations, training_section
from mavsr.reuse import serving
from mavsr.sources import code_digest
from mavsr.trained import OUTPUTS, SEEN, note_trained, trained_models
from mavsr.training.settings import TrainingSettings

CONFIG = yaml.safe_load((Path(__file__).parents[1] / "config.yaml").read_text())
MATRYOSHKA = ["mtsk-ms", "mtsk-ss", "mtsk-mss", "mome-mhsa", "mome-ffn", "mome-layer"]


def make(*entries, reuse=True, **sections):
    """A config with an experiment per entry, called e0, e1 and so on."""
    config = copy.deepcopy(CONFIG) | copy.deepcopy(sections)
    config["reuse_superset"] = reuse
    config["experiments"] = {
        f"e{number}": [{"methods": ["mtsk-ms"], **entry}] for number, entry in enumerate(entries)
    }
    return config


def at(audio, video=(2, 5)):
    return {"rates": {"audio": list(audio), "video": list(video)}}


def rates_of(config, experiment="e0"):
    """The rates that the models of an experiment were trained at."""
    models = dict.fromkeys(e.model for e in evaluations(config, experiment))
    return [(m.settings.audio_rates, m.settings.video_rates) for m in models]


FEW, MORE, MOST = at([4]), at([4, 16]), at([2, 4, 16])


def test_it_is_off_by_default():
    assert CONFIG["reuse_superset"] is False
    config = make(FEW, MORE, reuse=False)
    assert rates_of(config) == [((4,), (2, 5))]
    assert len(all_models(config)) == 2


@pytest.mark.parametrize("method", MATRYOSHKA)
def test_a_model_of_more_rates_serves(method):
    entries = [{**rates, "methods": [method]} for rates in (FEW, MORE)]
    config = make(*entries)
    assert rates_of(config) == [((4, 16), (2, 5))]
    assert len(all_models(config)) == 1
    scales = [e.scale.name for e in evaluations(config, "e0")]
    assert scales == ["a4_v2", "a4_v5"]


@pytest.mark.parametrize("method", ["llama-avsr", "avgpool-at-inference"])
def test_methods_without_matryoshka_are_left_as_they_are(method):
    entries = [{**rates, "methods": [method]} for rates in (FEW, MORE)]
    assert all_models(make(*entries)).keys() == all_models(make(*entries, reuse=False)).keys()


@pytest.mark.parametrize(
    "change",
    [
        {"methods": ["mtsk-ss"]},
        {"seed": 1},
        {"compression": "stack"},
        {"task": "asr"},
        {"llm": "other"},
        {"audio_encoder": "other-whisper"},
        {"corpus": "other"},
    ],
    ids=str,
)
def test_all_else_must_be_equal(change):
    sections = {name: CONFIG[name] for name in ("llms", "encoders", "corpora")}
    sections["llms"] |= {"other": CONFIG["llms"]["toy-llama"]}
    sections["encoders"] |= {"other-whisper": CONFIG["encoders"]["toy-whisper"]}
    sections["corpora"] |= {"other": CONFIG["corpora"]["portrait"]}
    assert rates_of(make(FEW, {**MORE, **change}, **sections)) == [((4,), (2, 5))]


@pytest.mark.parametrize("mome", [{"top_k": 2}, {"scale_weights": {"a4_v2": 2}}])
def test_experts_must_be_equal_too(mome):
    entry = {"methods": ["mome-ffn"]}
    assert rates_of(make({**FEW, **entry}, {**MORE, **entry, "mome": mome})) == [((4,), (2, 5))]


def test_rates_that_are_not_all_covered_are_trained():
    assert rates_of(make(at([4, 8]), MORE)) == [((4, 8), (2, 5))]
    assert rates_of(make(at([4], [2, 3]), MORE)) == [((4,), (2, 3))]


def test_the_largest_serve_and_of_several_the_smallest():
    config = make(FEW, MORE, MOST)
    assert rates_of(config, "e0") == rates_of(config, "e1") == [((2, 4, 16), (2, 5))]
    config = make(FEW, at([4, 8, 16]), at([1, 4]), at([3, 4]))
    assert rates_of(config) == [((1, 4), (2, 5))]
    assert rates_of(make(*reversed([FEW, at([4, 8]), at([3, 4])])), "e2") == [((3, 4), (2, 5))]


TRAINED = {"audio": [2, 4, 16], "video": [2, 5]}


def name_at(rates):
    (name,) = all_models(make(rates, reuse=False))
    return name


def test_a_finished_model_serves_where_the_config_names_none_of_more_rates():
    trained = {"trained_models": {name_at(MOST): TRAINED}}
    assert rates_of(make(FEW, **trained)) == [((2, 4, 16), (2, 5))]
    assert rates_of(make(FEW, **trained, reuse=False)) == [((4,), (2, 5))]
    # Both entries are served alike, by way of the larger one.
    config = make(FEW, at([2, 4]), **trained)
    assert rates_of(config, "e0") == rates_of(config, "e1") == [((2, 4, 16), (2, 5))]
    assert rates_of(make(at([4, 8]), **trained)) == [((4, 8), (2, 5))]
    assert rates_of(make({**FEW, "seed": 1}, **trained)) == [((4,), (2, 5))]


def test_a_model_that_is_finished_itself_is_not_replaced_by_a_finished_one():
    exact = {"audio": [4], "video": [2, 5]}
    trained = {name_at(MOST): TRAINED, name_at(FEW): exact}
    assert rates_of(make(FEW, trained_models=trained)) == [((4,), (2, 5))]


def test_every_model_that_is_asked_for_is_served_once():
    models = asked_models(make(FEW, MORE, {**FEW, "methods": ["llama-avsr"]}))
    used = serving(models, {})
    assert set(used) == set(models)
    assert all(used[used[model]] == used[model] for model in models)


@pytest.fixture
def finish(tmp_path):
    """Leave the folder of a finished model; keywords change its ``run.json``."""

    def write(config, **changes):
        (model,) = asked_models(config)
        training = TrainingSettings(**training_section(config, model.settings.task))
        run = {
            "model": model.settings.to_dict(),
            "training": asdict(training),
            "code": code_digest("mavsr.training.train"),
        }
        folder = tmp_path / model.name
        folder.mkdir()
        for name in OUTPUTS:
            (folder / name).touch()
        (folder / "run.json").write_text(json.dumps({**run, **changes}))
        return folder

    return write


def test_finished_models_are_found(finish, tmp_path):
    finish(make(MOST))
    finish(make({**MOST, "methods": ["mome-ffn"]}))
    finish(make({**MOST, "seed": 1}))
    assert trained_models(make(FEW), tmp_path) == {name_at(MOST): TRAINED}
    assert trained_models(make(MOST), tmp_path) == {name_at(MOST): TRAINED}
    assert trained_models(make({**FEW, "methods": ["llama-avsr"]}), tmp_path) == {}
    experts = {**FEW, "methods": ["mome-ffn"]}
    (found,) = trained_models(make(experts), tmp_path)
    assert ".mome-ffn." in found


@pytest.mark.parametrize("lost", OUTPUTS)
def test_incomplete_ones_do_not_count(finish, tmp_path, lost):
    (finish(make(MOST)) / lost).unlink()
    assert trained_models(make(FEW), tmp_path) == {}


@pytest.mark.parametrize(
    "section",
    [
        {"training": {**CONFIG["training"], "epochs": 99}},
        {"training": {**CONFIG["training"], "per_task": {"avsr": {"clip": 1.0}}}},
        {"projector": {"hidden": 7, "layer_norm": False}},
    ],
    ids=["epochs", "per task", "projector"],
)
def test_nor_do_those_that_would_be_trained_anew(finish, tmp_path, section):
    finish(make(MOST))
    assert trained_models(make(FEW, **section), tmp_path) == {}


def test_nor_does_what_other_code_trained(finish, tmp_path):
    finish(make(MOST), code="0" * 16)
    assert trained_models(make(FEW), tmp_path) == {}


def test_settings_that_change_no_result_do_not_matter(finish, tmp_path):
    finish(make(MOST))
    training = {**CONFIG["training"], "save_every_s": 5, "workers": 3}
    assert trained_models(make(FEW, training=training), tmp_path)


def test_jobs_see_what_their_run_saw(finish, tmp_path, monkeypatch):
    monkeypatch.setattr("mavsr.trained.TRAINING", tmp_path)
    monkeypatch.setattr(os, "environ", {})
    folder = finish(make(MOST))
    run, job, later = make(FEW), make(FEW), make(FEW)
    note_trained(run)
    (folder / "run.json").unlink()
    note_trained(job, first=False)
    assert job["trained_models"] == run["trained_models"] == {name_at(MOST): TRAINED}
    note_trained(later)
    assert later["trained_models"] == {}


def test_nothing_is_looked_for_without_the_key(monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    config = make(FEW, reuse=False)
    note_trained(config)
    assert "trained_models" not in config
    assert SEEN not in os.environ
