"""How a config knows an imported model: for its run.json, and for an experiment that shows it."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from mavsr.config.config import Config
from mavsr.config.encoders import EncoderKeys
from mavsr.config.llms import Llm
from mavsr.config.read import plain
from mavsr.importing.encoders import KINDS, NAMES
from mavsr.model.named import AUTHORS
from mavsr.model.scales import MODALITIES
from mavsr.model.settings import ModelSettings
from mavsr.workflow.setup import describe_setup

BEAMS, MAX_NEW_TOKENS = 15, 32
"""Of the authors' decoding."""


def encoder_sections(settings: ModelSettings, shelf: Path) -> dict[str, EncoderKeys]:
    """Name in a config -> the encoder of an imported model.

    Args:
        settings: of the model.
        shelf: folder of its encoders.
    """
    return {
        f"{shelf.name}-{KINDS[m]}": EncoderKeys(
            kind=KINDS[m],  # type: ignore[arg-type]
            path=str(shelf / NAMES[m]),
            numerics=settings.numerics,  # type: ignore[arg-type]
        )
        for m in MODALITIES[settings.task]
    }


def imported_setup(
    config: Config, settings: ModelSettings, shelf: Path, written: Collection[str]
) -> dict[str, Any] | None:
    """What ``run.json`` says of a model's setup; None if the checkpoint lacks one of its encoders.

    Args:
        config: for crops, features and sampling.
        settings: of the model.
        shelf: folder of its encoders.
        written: the modalities of these.
    """
    needed = MODALITIES[settings.task]
    if not set(needed) <= set(written):
        return None
    encoders = encoder_sections(settings, shelf)
    own = replace(
        config,
        encoders=encoders,
        llms={shelf.name: _llm(settings)},
        decoding=replace(config.decoding, beams=BEAMS, max_new_tokens=MAX_NEW_TOKENS),
    )
    return describe_setup(own, [], dict(zip(needed, encoders, strict=True)), shelf.name)


def experiment_config(name: str, kind: str, settings: ModelSettings, shelf: Path) -> dict[str, Any]:
    """The part of a config by which an experiment can show a model.

    Args:
        name: of the model's folder, below results/training.
        kind: its name in print.
        settings: of the model.
        shelf: folder of its encoders.
    """
    encoders, llm = encoder_sections(settings, shelf), f"{shelf.name}-llm"
    modalities = MODALITIES[settings.task]
    return {
        "imported": {
            name: {
                "label": f"{kind}{AUTHORS}",
                "task": settings.task,
                "method": settings.method,
                "compression": settings.compression,
                "llm": llm,
                "rates": {m: list(settings.rates(m)) for m in modalities},
                **{f"{m}_encoder": n for m, n in zip(modalities, encoders, strict=True)},
            }
        },
        "encoders": {key: plain(section) for key, section in encoders.items()},
        "llms": {llm: plain(_llm(settings))},
    }


def _llm(settings: ModelSettings) -> Llm:
    assert settings.lora_rank and settings.lora_scale
    return Llm(
        path=settings.llm,
        revision=settings.llm_revision,
        lora_rank=settings.lora_rank,
        lora_scale=settings.lora_scale,
    )
