"""From the parts of a checkpoint to our model of one task."""

from collections.abc import Mapping
from typing import Any

import torch

from mavsr.errors import InputError
from mavsr.importing.parts import Parts, Tensors
from mavsr.importing.reading import Reading
from mavsr.model.adapters.lora import SHARED
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.scales import MODALITIES
from mavsr.model.sequence import MARKERS
from mavsr.model.settings import ModelSettings
from mavsr.model.vocabulary import ADDED


def task_settings(
    parts: Parts, reading: Reading, task: str, llm: str, revision: str | None, numerics: str
) -> ModelSettings:
    """Settings of the model of ``task``.

    Omni-AVSR ST adds a task's LoRA and a shared one with one factor: a LoRA of twice the width.
    """
    taken = MODALITIES[task]
    rates = {m: tuple(sorted(reading.rates[m])) if m in taken else () for m in reading.rates}
    one = all(len(own) == 1 for m, own in rates.items() if m in taken) and not parts.prompts
    return ModelSettings(
        task=task,
        method="llama-avsr" if one else "mtsk-ms",
        compression=reading.compression,
        audio_rates=rates["audio"],
        video_rates=rates["video"],
        llm=llm,
        llm_revision=revision,
        lora_rank=parts.rank * len(_loras(parts, task)),
        lora_scale=reading.lora_scale,
        projector_hidden=reading.projector_hidden,
        projector_layer_norm=reading.layer_norm,
        seed=0,
        numerics=numerics,
    )


def fill(network: MatryoshkaModel, parts: Parts, reading: Reading, tables: Tensors) -> None:
    """Give a model of one task the weights of a checkpoint.

    Args:
        network: made from :func:`task_settings`.
        parts: the checkpoint.
        reading: what it is.
        tables: of :func:`mavsr.importing.llm.read_tables`.

    Raises:
        InputError: its shapes do not fit.
    """
    task = network.settings.task
    state = projector_weights(parts, reading, task)
    try:
        network.projectors.load_state_dict({name: value.float() for name, value in state.items()})
    except RuntimeError as error:
        raise InputError(f"{parts.path}: its projectors are not as expected: {error}") from error
    adapter: Any = network.adapter
    if trouble := adapter.fill(SHARED, lora_weights(parts, task)):
        raise InputError(f"{parts.path}: its LoRAs do not fit the LLM: the file {trouble}")
    network.markers.data.copy_(tables["input"][-len(MARKERS) :])
    scaled = len(tables["input"]) > len(ADDED)  # averaging has not scaled the prompts
    prompt = {"prompt": parts.prompts[task][0]} if scaled and parts.prompts else {}
    network.extend_vocabulary({**tables, **prompt})


def projector_weights(parts: Parts, reading: Reading, task: str) -> Tensors:
    """Names of our projectors, such as ``audio_4.0.weight``, and weights."""
    found: Tensors = {}
    for modality in MODALITIES[task]:
        places = parts.projectors[modality]
        for place, rate in enumerate(reading.rates[modality]):
            own = places[None if None in places else place]
            found |= {f"{modality}_{rate}.{name}": value for name, value in own.items()}
    return found


def lora_weights(parts: Parts, task: str) -> Tensors:
    """PEFT's names of one LoRA, and weights: the sum of those that act in ``task``."""
    found: Tensors = {}
    loras = [parts.loras[own] for own in _loras(parts, task)]
    for layer, target in loras[0]:
        stem = f"base_model.model.model.layers.{layer}.self_attn.{target}"
        pairs: list[Mapping[str, torch.Tensor]] = [lora[layer, target] for lora in loras]
        found[f"{stem}.lora_A.weight"] = torch.cat([pair["down"] for pair in pairs], dim=0).float()
        found[f"{stem}.lora_B.weight"] = torch.cat([pair["up"] for pair in pairs], dim=1).float()
    return found


def _loras(parts: Parts, task: str) -> list[str]:
    """Names of the LoRAs that act in a task: the shared one, its own, or both."""
    return [name for name in (task, "shared") if name in parts.loras]
