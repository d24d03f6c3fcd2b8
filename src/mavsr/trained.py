"""Which finished models of earlier configs can serve this one (``reuse_superset``)."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mavsr.errors import InputError
from mavsr.experiments import Config, asked_models, training_section
from mavsr.model.named import Model
from mavsr.records import read_json
from mavsr.reuse import Rates, at_rates, covers
from mavsr.sources import code_digest

TRAINING = Path("results/training")
OUTPUTS = ("run.json", "metrics.csv", "projectors.safetensors", "adapters")
SEEN = "MAVSR_TRAINED_MODELS"
"""Environment variable that tells the jobs of a run what the run saw when it began."""


def note_trained(config: dict[str, Any], first: bool = True) -> None:
    """Put ``trained_models`` into ``config``, in place, if it has ``reuse_superset``.

    On a cluster every job reads the config anew. By then a model may be there that was not, or be
    gone because it is being remade, and the job's model would be another one than was planned.

    Args:
        config: checked.
        first: whether this process plans the run, or is a job of one.
    """
    if not config["reuse_superset"]:
        return
    if first or SEEN not in os.environ:
        os.environ[SEEN] = json.dumps(trained_models(config, TRAINING))
    config["trained_models"] = json.loads(os.environ[SEEN])


def trained_models(config: Config, folder: Path) -> dict[str, Rates]:
    """Name -> rates of the models in ``folder`` that can serve a model that ``config`` asks for.

    Their folders are complete, and code and settings are those that they would be trained with now:
    otherwise Snakemake would train them anew, which takes longer than the smaller model.
    """
    asked = asked_models(config)
    found = {}
    for path in sorted(folder.glob("*/run.json")):
        if all((path.parent / name).exists() for name in OUTPUTS):
            try:
                run = read_json(path, "record of training", sealed=False)
            except InputError:  # a damaged model serves nobody; whoever is to read it says so
                continue
            if any(_serves(run, path.parent.name, model, config) for model in asked):
                found[path.parent.name] = _rates(run)
    return found


def _rates(run: Mapping[str, Any]) -> Rates:
    return {m: run["model"][f"{m}_rates"] for m in ("audio", "video")}


def _serves(run: Mapping[str, Any], name: str, model: Model, config: Config) -> bool:
    """Whether a finished model is ``model``, or the same at more rates."""
    # As JSON has it: a tuple has become a list.
    wanted = json.loads(json.dumps(model.settings.to_dict()))
    if {**run["model"], **{key: wanted[key] for key in wanted if key.endswith("_rates")}} != wanted:
        return False
    other = at_rates(model, _rates(run))
    training = training_section(config, model.settings.task)
    return (
        other.name == name
        and covers(other, model)
        and training == {key: run["training"].get(key) for key in training}
        and run.get("code") == code_digest("mavsr.training.train")
    )
