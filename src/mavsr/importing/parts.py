"""What a checkpoint of the authors holds, sorted by what it belongs to; nothing is computed here.

A file holds everything, frozen or not: the LLM, both encoders, LoRAs, projectors. Names tell what a
tensor is; what no name fits is an error, so that nothing is left behind unnoticed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from mavsr.encoders.pickles import load_weights
from mavsr.errors import InputError

Tensors = dict[str, torch.Tensor]
TASKS = {"audio": "asr", "video": "vsr", "audiovisual": "avsr"}
"""The authors' name of a task -> ours."""
_PROJECTOR = re.compile(r"(audio|video)_proj\.(?:(\d+)\.)?([023]\.(?:weight|bias))")
_LORA = re.compile(
    r"llm\.model\.layers\.(\d+)\.self_attn\.lora_(down|up)_([QV])(_shared)?"
    r"(?:\.(audio|video|audiovisual))?\.weight"
)
_PROMPT = re.compile(r"prompt_(audio|video|audiovisual)")
_ENCODER = re.compile(r"(audio|video)_encoder\.(.+)")
_LLM = re.compile(r"llm\.((?:model|lm_head)\..+)")
EMBEDDING = "model.embed_tokens.weight"
"""The LLM's embedding table among its tensors."""
WHICH = (
    "give a model_avg_N.pth or epoch=N.ckpt of the authors' training of Llama-AVSR, Llama-MTSK or "
    "Omni-AVSR"
)


@dataclass
class Parts:
    """The tensors of a checkpoint, and the command line of its training."""

    path: Path
    hyper: dict[str, Any]
    """Options of the training by name; empty for a ``.pth``, which has none."""
    projectors: dict[str, dict[int | None, Tensors]] = field(default_factory=dict)
    """Modality -> place of the rate -> ``0.weight`` ...; the one place None serves all rates."""
    loras: dict[str, dict[tuple[int, str], dict[str, torch.Tensor]]] = field(default_factory=dict)
    """Task of ours or ``shared`` -> (layer, ``q_proj`` or ``v_proj``) -> ``down`` and ``up``."""
    prompts: Tensors = field(default_factory=dict)
    """Task of ours -> embedded prompt (1, tokens, hidden); Omni-AVSR's alone."""
    llm: Tensors = field(default_factory=dict)
    """Hugging Face's names -> tensors of the LLM, its two tables with five rows more."""
    encoders: dict[str, Tensors] = field(default_factory=dict)
    """Modality -> tensors of its encoder, by the names that its own files have."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """What the model does: three tasks (Omni-AVSR), or the one that its projectors are for."""
        if self.prompts:
            return tuple(TASKS.values())
        return (TASKS["audiovisual" if len(self.projectors) == 2 else next(iter(self.projectors))],)

    @property
    def hidden(self) -> int:
        """Width of the LLM."""
        return self.llm[EMBEDDING].shape[1]

    @property
    def rank(self) -> int:
        """Width r of a LoRA."""
        return next(iter(next(iter(self.loras.values())).values()))["down"].shape[0]

    @property
    def layers(self) -> int:
        """Decoder layers of the LLM."""
        return 1 + max(int(n.split(".")[2]) for n in self.llm if n.startswith("model.layers."))

    @property
    def kind(self) -> str:
        """Name of the model in print."""
        if self.prompts:
            variant = {(False, True): "T", (True, True): "ST"}
            return f"Omni-AVSR {variant.get(('shared' in self.loras, len(self.loras) > 1), 'S')}"
        single = all(None in places for places in self.projectors.values())
        return "Llama-AVSR" if single else "Llama-MTSK"


def read_parts(path: Path) -> Parts:
    """Sort the tensors of a ``.pth`` or Lightning ``.ckpt``; no code of the file is run.

    Raises:
        InputError: the file is missing, damaged or of another kind, or holds what is not known.
    """
    content = load_weights(path)
    if not isinstance(content, Mapping):
        raise InputError(f"{path} holds a {type(content).__name__}, no state dict; {WHICH}")
    hyper, state = {}, content
    if isinstance(inner := content.get("state_dict"), Mapping):
        found = content.get("hyper_parameters")
        hyper = dict(found) if isinstance(found, Mapping) else {}
        odd = [name for name in inner if not str(name).startswith("model.")]
        if odd:
            raise InputError(f"{path}: state_dict has {odd[0]!r}, not 'model.*' alone; {WHICH}")
        state = {str(name).removeprefix("model."): value for name, value in inner.items()}
    return sort_parts(path, state, hyper)


def sort_parts(path: Path, state: Mapping[str, Any], hyper: Mapping[str, Any]) -> Parts:
    """Sort the entries of a state dict (names without ``model.``) by the parts of a model.

    Raises:
        InputError: an entry belongs to no part, or a part is missing or incomplete.
    """
    parts = Parts(path, dict(hyper))
    left = [str(name) for name, value in state.items() if not _sort(parts, str(name), value)]
    lacking = [
        what
        for what, present in (
            ("audio_proj.* or video_proj.*", parts.projectors),
            ("llm.model.*", EMBEDDING in parts.llm),
            ("LoRAs of the LLM (lora_down_Q ...)", parts.loras),
        )
        if not present
    ]
    if lacking:
        raise InputError(
            f"{path} holds no {' and no '.join(lacking)}, but {', '.join(map(str, [*state][:3]))} "
            f"...: it is a checkpoint of another kind; {WHICH}"
        )
    if left:
        raise InputError(
            f"{path} holds {len(left)} entries that belong to no part of a known model, such as "
            f"{', '.join(left[:3])}; {WHICH}"
        )
    _check_complete(parts)
    _check_numbers(parts)
    return parts


def _check_numbers(parts: Parts) -> None:
    """Raise InputError if what was trained holds other than finite numbers.

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
    for name, value in named:
        if value.layout != torch.strided or not value.is_floating_point():
            raise InputError(f"{parts.path}: {name} holds no plain floating-point numbers; {WHICH}")
        if not value.is_meta and not value.isfinite().all():  # a layout without numbers has none
            raise InputError(
                f"{parts.path}: {name} holds numbers that are not finite, so training failed or "
                "the file is damaged; take another one"
            )


def _sort(parts: Parts, name: str, value: Any) -> bool:
    """Put an entry where it belongs; False if it belongs nowhere."""
    rules: tuple[tuple[re.Pattern[str], Callable[..., None]], ...] = (
        (_PROJECTOR, _sort_projector),
        (_LORA, _sort_lora),
        (_PROMPT, lambda p, value, task: p.prompts.update({TASKS[task]: value})),
        (_ENCODER, lambda p, value, m, inner: p.encoders.setdefault(m, {}).update({inner: value})),
        (_LLM, lambda p, value, inner: p.llm.update({inner: value})),
    )
    if isinstance(value, torch.Tensor):
        for pattern, place in rules:
            if match := pattern.fullmatch(name):
                place(parts, value, *match.groups())
                return True
    return False


def _sort_projector(
    parts: Parts, value: torch.Tensor, modality: str, place: str | None, name: str
) -> None:
    places = parts.projectors.setdefault(modality, {})
    places.setdefault(None if place is None else int(place), {})[name] = value


def _sort_lora(
    parts: Parts,
    value: torch.Tensor,
    layer: str,
    side: str,
    matrix: str,
    shared: str | None,
    task: str | None,
) -> None:
    own = "shared" if task is None or shared else TASKS[task]
    layers = parts.loras.setdefault(own, {})
    layers.setdefault((int(layer), f"{matrix.lower()}_proj"), {})[side] = value


def _check_complete(parts: Parts) -> None:
    """Raise InputError if a projector, LoRA or prompt is missing."""
    lacks = []
    for modality, places in parts.projectors.items():
        numbered = sorted(place for place in places if place is not None)
        if (None in places and numbered) or numbered != list(range(len(numbered))):
            lacks.append(f"{modality}_proj.* numbered from 0 without a gap")
        shapes = {frozenset((n, t.ndim) for n, t in found.items()) for found in places.values()}
        needed = {"0.weight", "0.bias", "2.weight", "2.bias"}
        if len(shapes) > 1 or not all(needed <= found.keys() for found in places.values()):
            lacks.append(f"{modality}_proj.* with the same layers 0, 2 (and 3) each")
    wanted = {(layer, name) for layer in range(parts.layers) for name in ("q_proj", "v_proj")}
    for own, layers in parts.loras.items():
        if layers.keys() != wanted or any(
            pair.keys() != {"down", "up"} for pair in layers.values()
        ):
            lacks.append(f"{own} LoRAs of queries and values in every layer of the LLM")
    if parts.prompts:
        own_tasks = parts.loras.keys() - {"shared"}
        if set(parts.prompts) != set(TASKS.values()) or own_tasks not in (
            set(),
            set(TASKS.values()),
        ):
            lacks.append("prompts and LoRAs of all three tasks")
    if lacks:
        raise InputError(
            f"{parts.path} lacks {'; '.join(lacks)}: it is incomplete or of another kind; {WHICH}"
        )
