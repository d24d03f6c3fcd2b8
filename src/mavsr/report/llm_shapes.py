"""Shapes of the papers' LLMs, so that their cost is known without their weights."""

from typing import Any

from transformers import AutoConfig, LlamaConfig, PretrainedConfig

from mavsr.errors import InputError

_LLAMA: dict[str, Any] = {"vocab_size": 128256, "num_key_value_heads": 8}
SHAPES: dict[str, dict[str, Any]] = {
    "llama-3.1-8b": {
        **{"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32},
        **{"num_attention_heads": 32, "head_dim": 128, "tie_word_embeddings": False},
    },
    "llama-3.2-1b": {
        **{"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16},
        **{"num_attention_heads": 32, "head_dim": 64, "tie_word_embeddings": True},
    },
    "llama-3.2-3b": {
        **{"hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 28},
        **{"num_attention_heads": 24, "head_dim": 128, "tie_word_embeddings": True},
    },
}
"""Name -> what its ``config.json`` says."""


def llm_shape(name: str) -> PretrainedConfig:
    """The configuration of a known shape, or of a model in a folder or on the hub.

    Raises:
        InputError: it is none of them.
    """
    if name in SHAPES:
        return LlamaConfig(**_LLAMA, **SHAPES[name])
    try:
        return AutoConfig.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{name!r} is neither a known shape ({', '.join(SHAPES)}) nor the folder or hub name "
            f"of a model ({error})"
        ) from error
