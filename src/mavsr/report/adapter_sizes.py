"""Parameters of adapters over an LLM of a given shape; no weights are loaded."""

import torch
from transformers import PretrainedConfig

from mavsr.model.adapters.base import count_parameters
from mavsr.model.adapters.registry import make_adapter
from mavsr.model.llm import empty_llm
from mavsr.model.scales import Scale
from mavsr.model.settings import ModelSettings


def lora_parameters(config: PretrainedConfig, rank: int) -> int:
    """Weights of one LoRA of ``rank`` on the query and value projections of every layer."""
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    query = config.num_attention_heads * head_dim
    value = config.num_key_value_heads * head_dim
    return config.num_hidden_layers * rank * (2 * config.hidden_size + query + value)


def adapter_parameters(
    config: PretrainedConfig, settings: ModelSettings, scale: Scale
) -> tuple[int, int]:
    """Parameters of a method's adapter over an LLM of this shape, counted on the modules.

    Args:
        config: shape of the LLM.
        settings: the model's; its ``llm`` is not read.
        scale: where the adapter is used.

    Returns:
        all that are trained, and those that act on a token at ``scale``.
    """
    with torch.device("meta"):
        adapter = make_adapter(empty_llm(config), settings)
        adapter.activate(scale)
    return count_parameters(adapter.trainable()), adapter.active_parameters(scale)
