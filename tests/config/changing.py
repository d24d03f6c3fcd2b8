"""The default config, and copies of it in which a key says something else."""

import copy
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())


def changed(path, value):
    config = copy.deepcopy(CONFIG)
    *parents, last = path.split(".")
    part = config
    for name in parents:
        part = part[int(name) if isinstance(part, list) else name]
    part[last] = value
    return config
