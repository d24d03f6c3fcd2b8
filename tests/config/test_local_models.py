"""``local_models`` puts folders in place of hub names, and touches no path."""

import copy

import pytest
import yaml

from mavsr.config.local_models import is_hub_name
from mavsr.config.read import DEFAULT, parse_config, plain

CONFIG = yaml.safe_load(DEFAULT.read_text())


@pytest.mark.parametrize("name", ["openai/whisper-base", "gpt2", "HuggingFaceTB/SmolLM2-135M"])
def test_hub_names(name):
    assert is_hub_name(name)


@pytest.mark.parametrize(
    "path", ["/models/x", "./x", "../x", "results/toy/x/llama", "a//b", "a/", "a..b/c", "-x", "a b"]
)
def test_paths(path):
    assert not is_hub_name(path)


def test_paths_and_toys_stay_and_the_given_config_too():
    config = copy.deepcopy(CONFIG) | {"local_models": "/models/"}
    config["encoders"] = {
        **config["encoders"],
        "hub": {"kind": "whisper", "path": "openai/whisper-base", "revision": "v1"},
        "mine": {"kind": "whisper", "path": "./whisper"},
        "lips": {"kind": "avhubert", "path": "large.pt"},
    }
    config["llms"]["hub"] = {"path": "HuggingFaceTB/SmolLM2-135M"}
    before = copy.deepcopy(config)
    found = parse_config(config)
    assert config == before
    assert found.encoders["hub"].path == "/models/whisper-base"
    assert found.llms["hub"].path == "/models/smollm2-135m"
    for name in ("mine", "lips", "toy-whisper", "toy-avhubert"):
        assert found.encoders[name].path == config["encoders"][name]["path"]
    assert found.llms["toy-llama"].path == config["llms"]["toy-llama"]["path"]
    assert parse_config(plain(found)) == found  # resolved, it reads nothing else
