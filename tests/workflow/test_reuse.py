"""One model for the rates of several (``reuse_superset``)."""

import copy
from pathlib import Path

import pytest
import yaml

from mavsr.config.read import parse_config
from mavsr.workflow.experiments import all_models, evaluations
from mavsr.workflow.reuse import serving

CONFIG = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())
MATRYOSHKA = ["mtsk-ms", "mtsk-ss", "mtsk-mss", "mome-mhsa", "mome-ffn", "mome-layer"]


def make(*entries, reuse=True, **sections):
    """A config with an experiment per entry, called e0, e1 and so on."""
    config = copy.deepcopy(CONFIG) | copy.deepcopy(sections)
    config["reuse_superset"] = reuse
    config["experiments"] = {
        f"e{number}": [{"methods": ["mtsk-ms"], **entry}] for number, entry in enumerate(entries)
    }
    return parse_config(config)


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
    sections["corpora"] |= {"other": CONFIG["corpora"]["portrait"] | {"root": "other"}}
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


def test_every_model_that_is_asked_for_is_served_once():
    entries = (FEW, MORE, {**FEW, "methods": ["llama-avsr"]})
    models = list(all_models(make(*entries, reuse=False)).values())
    used = serving(models)
    assert set(used) == set(models)
    assert all(used[used[model]] == used[model] for model in models)
