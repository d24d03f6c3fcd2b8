"""What a scale costs: tokens, FLOPs and parameters (Llama-MTSK, Table 4).

The paper's clip of 10 s at 50 audio and 25 video tokens per second has 500/a + 250/v tokens and 7
of the prompt. How FLOPs are counted: :mod:`mavsr.model.cost`, whose names are here too.
"""

import torch
from transformers import PretrainedConfig

from mavsr.model.adapters.base import count_parameters
from mavsr.model.adapters.registry import make_adapter
from mavsr.model.cost import matrix_parameters, prefix_tokens, teraflops
from mavsr.model.llm import empty_llm
from mavsr.model.scales import Scale
from mavsr.model.settings import ModelSettings
from mavsr.tokens import TOKENS_PER_SECOND

__all__ = [
    "adapter_parameters",
    "lora_parameters",
    "matrix_parameters",
    "paper_tokens",
    "prefix_tokens",
    "teraflops",
]
PAPER_SECONDS = 10
PAPER_PROMPT_TOKENS = 7


def paper_tokens(scale: Scale) -> int:
    """Tokens of the paper's 10 s clip at ``scale``."""
    clip = {modality: rate * PAPER_SECONDS for modality, rate in TOKENS_PER_SECOND.items()}
    return prefix_tokens(clip, scale, PAPER_PROMPT_TOKENS)


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
