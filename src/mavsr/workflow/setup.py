"""The part of a config that a trained model needs to take files of one's own: its setup.

The workflow hands it to training, which keeps it in ``run.json``; ``mavsr seal`` writes it into a
model of an earlier version. So a model needs no config any more. Nothing here imports torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from mavsr.config.config import Config
from mavsr.config.mouths import CropKeys
from mavsr.config.read import plain
from mavsr.workflow.paths import RETINAFACE

FEATURES = ("dtype", "precision", "long_clips", "longest_s")
"""Keys of ``features`` that concern the tokens of a single clip."""


def describe_setup(
    config: Config, corpora: Sequence[str], encoders: Mapping[str, str], llm: str
) -> dict[str, Any]:
    """The setup of a model, in the config's own words, as JSON knows it.

    Args:
        config: checked.
        corpora: what the config calls the corpora that the model is trained on.
        encoders: modality -> what the config calls its encoder.
        llm: what it calls the LLM.
    """
    mouths = {field.name: plain(getattr(config.mouths, field.name)) for field in fields(CropKeys)}
    if config.mouths.retinaface.is_remote:
        mouths["retinaface"]["weights"] = RETINAFACE  # where rule fetch_retinaface puts it
    return {
        "corpora": list(corpora),
        "encoders": {
            modality: {"name": name, **plain(config.encoders[name])}
            for modality, name in encoders.items()
        },
        "llm": {
            "name": llm,
            "path": config.llms[llm].path,
            "revision": config.llms[llm].revision,
        },
        "mouths": mouths,
        "features": {key: plain(getattr(config.features, key)) for key in FEATURES},
        "decoding": plain(config.decoding),
    }
