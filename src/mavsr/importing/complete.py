"""Is a checkpoint whole? Every part that belongs to its kind is there, of a shape that fits."""

import torch

from mavsr.errors import InputError
from mavsr.importing.avhubert_lora import lora_trouble
from mavsr.importing.parts import EMBEDDING, TASKS, WHICH, Parts

_PLAIN = {"0.weight": 2, "0.bias": 1, "2.weight": 2, "2.bias": 1}
"""Layers of a projector -> dimensions."""
_NORMED = {**_PLAIN, "3.weight": 1, "3.bias": 1}


def check_complete(parts: Parts) -> None:
    """Raise InputError if a part is missing, does not fit the others, or holds no numbers."""
    lacks = [*_lacking_projectors(parts), *_lacking_loras(parts), *_lacking_prompts(parts)]
    if parts.llm[EMBEDDING].ndim != 2:
        lacks.insert(0, f"a table of two dimensions as llm.{EMBEDDING}")
    if lacks:
        raise InputError(
            f"{parts.path} lacks {'; '.join(lacks)}: it is incomplete or of another kind; {WHICH}"
        )
    if trouble := lora_trouble(parts.encoders.get("video", {})):
        raise InputError(
            f"{parts.path}: its AV-HuBERT has {trouble}. It is incomplete or of another kind, and "
            f"features without these LoRAs would be wrong; {WHICH}"
        )
    _check_numbers(parts)


def _lacking_projectors(parts: Parts) -> list[str]:
    lacks = []
    for modality, places in parts.projectors.items():
        numbered = sorted(place for place in places if place is not None)
        if (None in places and numbered) or numbered != list(range(len(numbered))):
            lacks.append(f"{modality}_proj.* numbered from 0 without a gap")
        layers = [{name: t.ndim for name, t in found.items()} for found in places.values()]
        if layers[0] not in (_PLAIN, _NORMED) or any(other != layers[0] for other in layers):
            lacks.append(f"{modality}_proj.* with the same layers 0, 2 (and 3) each")
    return lacks


def _lacking_loras(parts: Parts) -> list[str]:
    wanted = {(layer, name) for layer in range(parts.layers) for name in ("q_proj", "v_proj")}
    lacks, ranks = [], set()
    for own, layers in parts.loras.items():
        found = {place: _rank(parts, place, pair) for place, pair in layers.items()}
        ranks |= set(found.values())
        if found.keys() != wanted or None in found.values():
            lacks.append(f"{own} LoRAs of queries and values in every layer of the LLM")
    if not lacks and len(ranks) > 1:
        lacks.append("LoRAs of one width")
    return lacks


def _rank(parts: Parts, place: tuple[int, str], pair: dict[str, torch.Tensor]) -> int | None:
    """Width of a LoRA; None if it is not whole or does not fit its matrix of the LLM."""
    layer, name = place
    whole = parts.llm.get(f"model.layers.{layer}.self_attn.{name}.weight")
    if whole is None or whole.ndim != 2 or pair.keys() != {"down", "up"} or pair["down"].ndim != 2:
        return None
    rank, (rows, columns) = pair["down"].shape[0], whole.shape
    fits = pair["down"].shape == (rank, columns) and pair["up"].shape == (rows, rank)
    return rank if fits else None


def _lacking_prompts(parts: Parts) -> list[str]:
    """Omni-AVSR alone has prompts, both modalities, and perhaps LoRAs of single tasks."""
    every, own = set(TASKS.values()), parts.loras.keys() - {"shared"}
    if not parts.prompts:
        return ["prompt_* that go with its LoRAs of single tasks"] if own else []
    lacks = []
    if set(parts.prompts) != every or own not in (set(), every):
        lacks.append("prompts and LoRAs of all three tasks")
    if len(parts.projectors) < 2:
        lacks.append("projectors of both modalities, as its prompts are of three tasks")
    width = parts.llm[EMBEDDING].shape[1:]
    if any(p.ndim != 3 or (1, *width) != (len(p), *p.shape[2:]) for p in parts.prompts.values()):
        lacks.append("prompts that are rows of its table")
    return lacks


def _check_numbers(parts: Parts) -> None:
    """Raise InputError unless all is floating point, and what was trained finite.

    The LLM is compared with another one, number by number.
    """
    places = [
        (f"{m}_proj", part) for m, found in parts.projectors.items() for part in found.values()
    ]
    named = [(f"{m}.{name}", value) for m, part in places for name, value in part.items()]
    for own, layers in parts.loras.items():
        for (layer, name), pair in layers.items():
            named += [(f"{own} LoRA, {name} of layer {layer}", value) for value in pair.values()]
    named += [(f"prompt for {task}", value) for task, value in parts.prompts.items()]
    for modality, inner in parts.encoders.items():
        counters = (name.endswith("num_batches_tracked") for name in inner)
        named += [
            (f"{modality}_encoder.{name}", value)
            for (name, value), counts in zip(inner.items(), counters, strict=True)
            if not counts
        ]
    llm = [(f"llm.{name}", value) for name, value in parts.llm.items()]
    for name, value in [*named, *llm]:
        if value.layout != torch.strided or not value.is_floating_point():
            raise InputError(f"{parts.path}: {name} holds no plain floating-point numbers; {WHICH}")
    for name, value in named:
        if not value.is_meta and not value.isfinite().all():  # a layout without numbers has none
            raise InputError(
                f"{parts.path}: {name} holds numbers that are not finite, so training failed or "
                "the file is damaged; take another one"
            )
