"""Is the frozen LLM inside a checkpoint the one that a user names? Then no copy of it is kept.

A checkpoint holds the LLM in bfloat16, with five rows more in its tables. All of it should be equal
to the hub's, rounded. The authors' averaging script makes two differences: sums of N equal tensors
are rounded in between, and tied tables, which it meets under two names, come out as (2N - 1) / N^2
of themselves. The model was tested like that, so its own table is kept then.
"""

import logging
from collections.abc import Mapping
from typing import Any

import torch

from mavsr.errors import InputError
from mavsr.importing.parts import Parts, Tensors
from mavsr.model.llm import written_config
from mavsr.model.vocabulary import ADDED

TAKE = "give the LLM that it was trained over"
ROUNDING = 2**-6
"""Largest relative difference that averaging equal bfloat16 tensors leaves."""
_TABLES = {"input": "model.embed_tokens.weight", "output": "lm_head.weight"}
_SIZES = {
    "hidden_size": lambda parts: parts.hidden,
    "num_hidden_layers": lambda parts: parts.layers,
    "vocab_size": lambda parts: len(parts.llm[_TABLES["input"]]) - len(ADDED),
}


def check_sizes(parts: Parts, llm: str, revision: str | None) -> None:
    """Raise InputError if ``llm`` cannot be had, or has other sizes than the checkpoint's LLM."""
    config: Any = written_config(llm, revision)
    for name, size in _SIZES.items():
        if (ours := getattr(config, name, None)) != size(parts):
            raise InputError(
                f"{parts.path} was trained over an LLM with {name} {size(parts)}, but --llm {llm} "
                f"has {ours}; {TAKE}"
            )


def added_tables(parts: Parts, llm: torch.nn.Module, name: str) -> Tensors:
    """What the checkpoint has in its tables beyond the LLM: see :mod:`mavsr.model.vocabulary`.

    Args:
        parts: the checkpoint.
        llm: ``name``, loaded; LoRAs may be in it already.
        name: for messages.

    Returns:
        ``input`` and, for an LLM with two tables, ``output``.

    Raises:
        InputError: the LLM inside the checkpoint is another one.
    """
    own = {
        key.replace(".base_layer", ""): value
        for key, value in llm.state_dict().items()
        if ".lora_" not in key
    }
    if odd := sorted(own.keys() ^ parts.llm.keys()):
        raise InputError(
            f"{parts.path}: its LLM and --llm {name} differ in layers such as {odd[0]}; {TAKE}"
        )
    tied = own[_TABLES["input"]].data_ptr() == own[_TABLES["output"]].data_ptr()
    if tied and not torch.equal(*(parts.llm[key] for key in _TABLES.values())):
        raise InputError(
            f"{parts.path}: its embedding table and output head differ, but --llm {name} ties "
            f"them; {TAKE}"
        )
    tables = {"input": _TABLES["input"]} if tied else _TABLES
    found, rounded = {}, []
    for place, key in tables.items():
        found[place], off = _table(parts, name, key, own[key], tied)
        rounded.append(off)
    rounded += [
        _difference(parts, name, key, parts.llm[key], own[key])
        for key in sorted(own.keys() - set(_TABLES.values()))
    ]
    if any(rounded):
        logging.warning(
            "%d of %d tensors of its LLM differ from %s by rounding (at most %.1e of the largest "
            "value), as averaging checkpoints leaves them; those of %s are used",
            *(sum(map(bool, rounded)), len(rounded), name, max(rounded), name),
        )
    return found


def _table(
    parts: Parts, name: str, key: str, own: torch.Tensor, tied: bool
) -> tuple[torch.Tensor, float]:
    """The added rows and the difference of the others; all rows of a multiple of the LLM's."""
    filed = parts.llm[key]
    before, added = filed[: len(own)], filed[len(own) :]
    factor = float((before.float() * own.float()).sum() / own.float().square().sum())
    averaged = _averaged(factor) if tied else None
    if averaged is None:
        return added, _difference(parts, name, key, before, own)
    _difference(parts, name, key, before, own * factor)
    logging.warning(
        "%s is %.4f times that of %s: the authors' averaging script adds and divides a tied table "
        "twice, so that the average of N = %d checkpoints has (2N - 1) / N^2 of it. It is kept "
        "(%.0f MB), as the model was tested with it",
        *(key, factor, name, averaged, filed.nbytes / 1e6),
    )
    return filed, 0.0


def _averaged(factor: float) -> int | None:
    """N > 1 if ``factor`` is (2N - 1) / N^2 to a hundredth."""
    expected = {n: (2 * n - 1) / n**2 for n in range(2, 51)}
    near = min(expected, key=lambda n: abs(expected[n] - factor))
    return near if abs(expected[near] / factor - 1) < 0.01 else None


def _difference(parts: Parts, name: str, key: str, filed: torch.Tensor, own: torch.Tensor) -> float:
    """Largest difference over the largest value; 0 if one is the other, rounded to its type.

    Raises:
        InputError: they are not the same weights.
    """
    if filed.shape != own.shape:
        raise InputError(
            f"{parts.path}: its LLM has {key} {tuple(filed.shape)}, --llm {name} "
            f"{tuple(own.shape)}; {TAKE}"
        )
    if torch.equal(filed.to(own.dtype), own) or torch.equal(own.to(filed.dtype), filed):
        return 0.0
    off = float((filed.float() - own.float()).abs().max() / own.float().abs().max())
    if not off < ROUNDING:
        raise InputError(
            f"{parts.path}: its LLM is not {name}: {key} differs by {off:.0%} of its largest "
            f"value; {TAKE} (base and instruct models have one shape)"
        )
    return off


def check_prompts(parts: Parts, prompt_ids: Mapping[str, list[int]], name: str) -> None:
    """Raise InputError unless embedded prompts are those of ours: task -> token ids."""
    table = parts.llm[_TABLES["input"]]
    for task, filed in parts.prompts.items():
        ours = table[torch.tensor(prompt_ids[task])]
        if filed[0].shape != ours.shape or not torch.equal(filed[0], ours):
            raise InputError(
                f"{parts.path}: its prompt for {task} is not that of the public code in the tokens "
                f"of {name}; {TAKE}, with its tokenizer"
            )
