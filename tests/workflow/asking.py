"""What a small config asks for, by its models and evaluations."""

import copy
from pathlib import Path

import yaml

from mavsr.config.read import parse_config
from mavsr.workflow import experiments

CONFIG = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())


def all_models(config):
    return experiments.all_models(parse_config(config))


def all_evaluations(config):
    return experiments.all_evaluations(parse_config(config))


def evaluations(config, name):
    return experiments.evaluations(parse_config(config), name)


def small_config():
    """Two rates of each modality, the methods of Table 1, and one of them in noise."""
    config = copy.deepcopy(CONFIG)
    config["rates"] = {"audio": [4, 16], "video": [2, 5]}
    config["experiments"] = {
        "table1": [{"methods": ["llama-avsr", "mtsk-ms", "mtsk-ss", "mtsk-mss"]}],
        "noise_check": [
            {"methods": ["mtsk-ms"], "conditions": ["snr_-5"]},
            {"methods": ["mtsk-ms"], "conditions": ["snr_-5"], "task": "asr"},
        ],
    }
    return config
