"""Configs of earlier versions run, or are refused with what their keys are called now."""

from pathlib import Path

import pytest
import yaml

from mavsr.config.read import merged, parse_config
from mavsr.errors import InputError
from mavsr.workflow.experiments import all_models

EARLIER = Path(__file__).parents[1] / "data" / "earlier"


def earlier(*names):
    config = {}
    for name in names:
        config = merged(config, yaml.safe_load((EARLIER / name).read_text()))
    return config


def followed(config):
    """What a person makes of a config by the advice of the message that refuses it."""
    text = yaml.safe_dump(config).replace("results/standins/", "results/toy/")
    config = yaml.safe_load(text)
    config["toy"] = config.pop("standins")
    return config


@pytest.mark.parametrize("names", [["config.yaml"], ["config.yaml", "smoke.yaml"]])
def test_what_was_renamed_is_told_with_its_new_name(names):
    with pytest.raises(InputError) as caught:
        parse_config(earlier(*names))
    said = str(caught.value)
    assert "standins is called `toy` now" in said
    assert "encoders.whisper-standin.path is 'results/standins/portrait/whisper': write" in said
    assert "write results/toy/portrait/llama" in said


@pytest.mark.parametrize(
    "names", [["config.yaml"], ["config.yaml", "smoke.yaml"], ["config.yaml", "paper.yaml"]]
)
def test_with_the_new_names_it_runs_and_asks_for_the_same_models(names):
    config = parse_config(followed(earlier(*names)))
    assert all_models(config)
    assert config.training.epochs == earlier(*names)["training"]["epochs"]


def test_a_place_for_results_is_refused_with_the_link_that_does_it():
    config = followed(earlier("config.yaml"))
    assert config["results_dir"] is None
    parse_config(config)
    with pytest.raises(InputError, match=r"results_dir is gone; .*ln -s /big/disk/my-results"):
        parse_config({**config, "results_dir": "/disk/results"})
