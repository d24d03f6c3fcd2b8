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
_LLM = re.compile(r"llm\.((?:model\.(?:embed_tokens|norm|layers\.\d+)|lm_head)\..+)")
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
        layers = (int(n.split(".")[2]) for n in self.llm if n.startswith("model.layers."))
        return 1 + max(layers, default=-1)


def read_parts(path: Path) -> Parts:
    """Sort the tensors of a ``.pth`` or Lightning ``.ckpt``; no code of the file is run.

    Whether each part is whole, :func:`mavsr.importing.complete.check_complete` looks.

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
        InputError: an entry belongs to no part, or there is none of a part.
    """
    parts = Parts(path, dict(hyper))
    left = [str(name) for name, value in state.items() if not _sort(parts, str(name), value)]
    lacking = [
        what
        for what, present in (
            ("audio_proj.* or video_proj.*", parts.projectors),
            ("llm.model.*", EMBEDDING in parts.llm and parts.layers),
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
    return parts


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
