"""Configs to ask from, and what they ask for."""

import copy
from pathlib import Path

import yaml
from snakemake.utils import update_config

from mavsr.config.read import merged, parse_config
from mavsr.workflow import experiments
from mavsr.workflow.asked import Asked

CONFIG = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())


def all_models(config):
    return experiments.all_models(parse_config(config))


def all_evaluations(config):
    return experiments.all_evaluations(parse_config(config))


def evaluations(config, name):
    return experiments.evaluations(parse_config(config), name)


def read_config(project, *paths):
    """The copy's default config under others of its files."""
    config = yaml.safe_load((project.folder / "config.yaml").read_text())
    for path in paths:
        update_config(config, yaml.safe_load((project.folder / path).read_text()))
    return config


def asked(**change):
    """What the default config asks for once this is changed."""
    return Asked(parse_config(merged(copy.deepcopy(CONFIG), change)))


LRS3 = {"kind": "lrs3", "root": "b", "longest_segment_s": 16, "validation": "test"}
SHARDS = {"shards": {"train": 2, "val": 1, "test": 1}}
WILD = {"kind": "folder", "root": "w", "transcripts": "w.csv"}
CORPORA = {"lrs3": {**LRS3, **SHARDS}, "wild": {**WILD, **SHARDS}}


def mixed(**entry):
    """An experiment trained on two corpora, with a third to test on."""
    entry = {"methods": ["mtsk-ms"], "corpora": ["portrait", "lrs3"], **entry}
    return asked(corpora=CORPORA, experiments={"one": [entry]}, use_experiments=["one"])


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
