"""Shapes of the papers' LLMs, enough to count their parameters without having them.

Source: the ``config.json`` of meta-llama/Llama-3.2-1B, Llama-3.2-3B and Llama-3.1-8B.
"""

from typing import TYPE_CHECKING, Any

from mavsr.errors import InputError

if TYPE_CHECKING:  # what needs no network library may ask for the sizes alone
    from transformers import PretrainedConfig

_COMMON = {"vocab_size": 128256, "num_key_value_heads": 8}
SHAPES: dict[str, dict[str, Any]] = {
    "llama-3.2-1b": {
        **_COMMON,
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "head_dim": 64,
        "tie_word_embeddings": True,
    },
    "llama-3.2-3b": {
        **_COMMON,
        "hidden_size": 3072,
        "intermediate_size": 8192,
        "num_hidden_layers": 28,
        "num_attention_heads": 24,
        "head_dim": 128,
        "tie_word_embeddings": True,
    },
    "llama-3.1-8b": {
        **_COMMON,
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "head_dim": 128,
        "tie_word_embeddings": False,
    },
}
"""Name -> what a Llama's ``config.json`` says of its sizes."""
UNGATED: dict[str, dict[str, Any]] = {
    "smollm2-135m": {
        "vocab_size": 49152,
        "num_key_value_heads": 3,
        "hidden_size": 576,
        "intermediate_size": 1536,
        "num_hidden_layers": 30,
        "num_attention_heads": 9,
        "tie_word_embeddings": True,
    }
}
"""The same of the LLM in workflow/configs/pretrained.yaml (HuggingFaceTB/SmolLM2-135M)."""
LLMS = tuple(SHAPES)
"""Names of the LLMs, as in workflow/configs/paper.yaml."""
PAPER_RANKS = {"llama-3.2-1b": 64, "llama-3.2-3b": 96, "llama-3.1-8b": 64}
"""r of the papers' LoRAs: hidden/32, and hidden/64 for the largest (Llama-MTSK, Sec. 4.1)."""
PAPER_BOTTLENECKS = {"llama-3.2-1b": 8, "llama-3.2-3b": 12, "llama-3.1-8b": 8}
"""b of MoME's experts: an eighth of the rank. Of the 1B and 8B no table prints it; it follows from
the parameter counts of MoME's Tables 1 and 6 (docs/methods.md)."""


def llm_shape(name: str) -> "PretrainedConfig":
    """The shape of one of ``LLMS``, or of a model in a folder or on the hub.

    Raises:
        InputError: it is none of them.
    """
    if name in LLMS:
        return llm_config(name)
    from mavsr.model.llm import written_config

    try:
        return written_config(name)
    except InputError as error:
        raise InputError(
            f"{name!r} is neither a known shape ({', '.join(LLMS)}) nor the folder or hub name "
            f"of a model ({error})"
        ) from error


def llm_config(name: str) -> "PretrainedConfig":
    """The shape of one of ``LLMS``."""
    from transformers import LlamaConfig

    return LlamaConfig(**SHAPES[name])
