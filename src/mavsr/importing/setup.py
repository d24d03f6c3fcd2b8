"""The setup of an imported model: its own encoders, and how single files are decoded."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from mavsr.importing.encoders import KINDS, NAMES
from mavsr.model.scales import TASKS
from mavsr.model.settings import ModelSettings
from mavsr.recognition.setup import describe_setup

BEAMS, MAX_NEW_TOKENS = 15, 32
"""Of the authors' decoding."""


def imported_setup(
    config: Mapping[str, Any], settings: ModelSettings, shelf: Path, written: Collection[str]
) -> dict[str, Any] | None:
    """What ``run.json`` says of a model's setup; None if the checkpoint lacks one of its encoders.

    Args:
        config: checked; for crops, features and sampling.
        settings: of the model.
        shelf: where its encoders lie.
        written: the modalities of these.
    """
    needed = TASKS[settings.task]
    if not set(needed) <= set(written):
        return None
    encoders = {
        f"{shelf.name}-{KINDS[modality]}": {
            "kind": KINDS[modality],
            "path": str(shelf / NAMES[modality]),
            "revision": None,
            "numerics": settings.numerics,
        }
        for modality in needed
    }
    own = {
        **config,
        "encoders": encoders,
        "llms": {shelf.name: {"path": settings.llm, "revision": settings.llm_revision}},
        "decoding": {**config["decoding"], "beams": BEAMS, "max_new_tokens": MAX_NEW_TOKENS},
    }
    names = dict(zip(needed, encoders, strict=True))
    return describe_setup(own, [], names, shelf.name)
