"""What an imported model changes in its LLM's tables: kept beside the LLM, not in a copy of it.

The authors' code adds five tokens to the LLM: rows of the embedding table and classes of the
softmax. Ours does without, as its markers are no tokens. A checkpoint that was averaged by the
authors' script can have another table altogether, and an embedded prompt that is not of that table
(:mod:`mavsr.importing.llm`). Either is saved with the model.
"""

from collections.abc import Mapping
from typing import Any

import torch

from mavsr.errors import InputError
from mavsr.model.sequence import MARKERS

ADDED = ("<pad>", *MARKERS)
"""Tokens that the authors' code puts behind the LLM's own, in their order."""
PREFIX = "vocabulary."
"""Of these tensors' names among a model's weights; ``input``, ``output``, ``prompt`` follow."""


def extend_vocabulary(llm: Any, size: int, tables: Mapping[str, torch.Tensor]) -> None:
    """Put rows behind the LLM's embedding table and output head, or replace both.

    Args:
        llm: a causal language model of Hugging Face; it is changed.
        size: rows of its own tables.
        tables: ``input`` and, unless the LLM ties its tables, ``output``: (5, hidden) are the added
            tokens' rows, (``size`` + 5, hidden) a whole table. A ``prompt`` is passed over.

    Raises:
        InputError: they do not fit the LLM.
    """
    whole = size + len(ADDED)
    llm.resize_token_embeddings(whole, mean_resizing=False)
    places = {"input": llm.get_input_embeddings(), "output": llm.get_output_embeddings()}
    if places["input"].weight is places["output"].weight:
        del places["output"]
    if places.keys() != tables.keys() - {"prompt"}:
        raise InputError(
            f"the LLM has {' and '.join(places)} tables of its own, the model adds to "
            f"{' and '.join(tables)}; take the LLM that it was trained over"
        )
    for name, module in places.items():
        rows, width = tables[name], module.weight.shape[1]
        if rows.shape not in ((len(ADDED), width), (whole, width)):
            raise InputError(
                f"the model's {PREFIX}{name} {tuple(rows.shape)} does not fit the LLM's table of "
                f"{size} rows of {width}; take the LLM that it was trained over"
            )
        with torch.no_grad():
            module.weight[whole - len(rows) :].copy_(rows)
    llm.requires_grad_(False)


def round_rotary(llm: torch.nn.Module) -> None:
    """Round rotary frequencies to bfloat16, as a module that is cast to it has them.

    At Llama 3.2 1B's sizes an angle is then off by up to 0.18 at position 200.
    """
    for module in llm.modules():
        for name in ("inv_freq", "original_inv_freq"):
            frequencies = getattr(module, name, None)
            if isinstance(frequencies, torch.Tensor):
                frequencies.copy_(frequencies.bfloat16())
