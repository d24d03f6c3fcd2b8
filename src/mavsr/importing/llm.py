"""Is the frozen LLM inside a checkpoint the one that a user names? Then no copy of it is kept.

A checkpoint holds the LLM in bfloat16, with five rows more in its tables. All of it should be equal
to the hub's, rounded, or what averaging N checkpoints leaves of that (:mod:`.averaging`). A tied
table that averaging has scaled is kept: the model was tested with it. Embedded prompts, which
Omni-AVSR has in tensors of their own, were not scaled then, so they are kept beside it.
"""

import logging
from typing import Any

import torch

from mavsr.errors import InputError
from mavsr.importing.averaging import averaged, averaged_over, share
from mavsr.importing.parts import EMBEDDING, Parts, Tensors
from mavsr.model.llm import load_llm, written_config
from mavsr.model.sequence import PROMPTS
from mavsr.model.vocabulary import ADDED

TAKE = "give the LLM that it was trained over"
ROUNDING = 2**-7
"""Largest difference of equal tensors, of their largest value: the last digit of bfloat16."""
_TABLES = {"input": EMBEDDING, "output": "lm_head.weight"}
_SIZES = {
    "hidden_size": lambda parts: parts.hidden,
    "num_hidden_layers": lambda parts: parts.layers,
    "vocab_size": lambda parts: len(parts.llm[EMBEDDING]) - len(ADDED),
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


def read_tables(parts: Parts, llm: str, revision: str | None) -> Tensors:
    """Load an LLM, compare the checkpoint's with it, and say what its tables have beyond it.

    Args:
        parts: the checkpoint.
        llm: folder or hub name of the LLM.
        revision: commit, tag or branch of one on the hub.

    Returns:
        ``input`` and, for an LLM with two tables, ``output``: see :mod:`mavsr.model.vocabulary`.

    Raises:
        InputError: the LLM inside the checkpoint is another one, or its prompts are.
    """
    network, tokenizer = load_llm(llm, revision)
    own = network.state_dict()
    _check_tensors(parts, llm, own)
    tied = own[EMBEDDING].data_ptr() == own[_TABLES["output"]].data_ptr()
    if tied and not torch.equal(*(parts.llm[key] for key in _TABLES.values())):
        raise InputError(
            f"{parts.path}: its embedding table and output head differ, but --llm {llm} ties "
            f"them; {TAKE}"
        )
    table = own[EMBEDDING]
    count = averaged_over(parts.llm[EMBEDDING][: len(table)], table, tied)
    rounded = [
        _difference(parts, llm, key, tensor, count, tied and key in _TABLES.values())
        for key, tensor in sorted(own.items())
    ]
    if any(rounded):
        logging.warning(
            "%d of %d tensors of its LLM differ from %s by rounding (at most %.1e of the largest "
            "value), as averaging N = %d checkpoints leaves them; those of %s are used",
            *(sum(map(bool, rounded)), len(rounded), llm, max(rounded), count, llm),
        )
    ids = {
        task: tokenizer(PROMPTS[task], add_special_tokens=False)["input_ids"]
        for task in parts.prompts
    }
    _check_prompts(parts, llm, {task: table[torch.tensor(ids[task])] for task in ids}, count)
    tables = {"input": EMBEDDING} if tied else _TABLES
    return {
        place: _kept(parts, llm, key, count if tied else 1, len(table))
        for place, key in tables.items()
    }


def _check_tensors(parts: Parts, name: str, own: Tensors) -> None:
    """Raise InputError unless the checkpoint's LLM has the tensors of ``own``, five rows added.

    Added rows must be numbers, as they are compared with none.
    """
    if odd := sorted(own.keys() ^ parts.llm.keys()):
        raise InputError(
            f"{parts.path}: its LLM and --llm {name} differ in layers such as {odd[0]}; {TAKE}"
        )
    for key, tensor in own.items():
        rows = len(tensor) + len(ADDED) * (key in _TABLES.values())
        found, expected = tuple(parts.llm[key].shape), (rows, *tensor.shape[1:])
        if found != expected:
            raise InputError(
                f"{parts.path}: its LLM has {key} {found}, over --llm {name} it would have "
                f"{expected}; {TAKE}"
            )
        if not parts.llm[key][len(tensor) :].isfinite().all():
            raise InputError(
                f"{parts.path}: the rows of {key} beyond those of {name} hold numbers that are not "
                "finite, so training failed or the file is damaged; take another one"
            )


def _difference(
    parts: Parts, name: str, key: str, own: torch.Tensor, count: int, tied: bool
) -> float:
    """Largest difference from the LLM's over the largest value; 0 if what is used is the file's.

    Raises:
        InputError: they are not the same weights.
    """
    filed = parts.llm[key][: len(own)]
    if torch.equal(filed.to(own.dtype), own):
        return 0.0
    expected = averaged(own.to(filed.dtype), count, tied)
    if not torch.equal(filed, expected) and not (off := share(filed, expected)) <= ROUNDING:
        raise InputError(
            f"{parts.path}: its LLM is not {name}: {key} differs by {off:.1%} of its largest "
            f"value; {TAKE} (base and instruct models have one shape)"
        )
    return 0.0 if tied or torch.equal(own.to(filed.dtype), filed) else share(filed, own)


def _kept(parts: Parts, name: str, key: str, count: int, rows: int) -> torch.Tensor:
    """What is kept of a table: the added rows, or all of one that averaging has scaled."""
    filed = parts.llm[key]
    if count == 1:
        return filed[rows:]
    logging.warning(
        "%s is %.4f times that of %s: the authors' averaging script adds and divides a tied table "
        "twice, so that the average of N = %d checkpoints has (2N - 1) / N^2 of it. It is kept "
        "(%.0f MB), as the model was tested with it",
        *(key, (2 * count - 1) / count**2, name, count, filed.nbytes / 1e6),
    )
    return filed


def _check_prompts(parts: Parts, name: str, own: Tensors, count: int) -> None:
    """Raise InputError unless embedded prompts are ours: task -> rows of the LLM's own table."""
    for task, filed in parts.prompts.items():
        expected = averaged(own[task].to(filed.dtype), count)
        if filed[0].shape != expected.shape or not share(filed[0], expected) <= ROUNDING:
            raise InputError(
                f"{parts.path}: its prompt for {task} is not that of the public code in the tokens "
                f"of {name}; {TAKE}, with its tokenizer"
            )
