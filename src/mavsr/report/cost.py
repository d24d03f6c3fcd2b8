"""What a scale costs: tokens, FLOPs and parameters (Llama-MTSK, Table 4).

The paper counts 2 FLOPs per weight and token: every weight matrix of the LLM including the output
head, without the input embedding (a look-up), plus the active adapter; attention scores, encoders
and projectors are left out. A 10 s clip at 50 audio and 25 video tokens per second has
500/a + 250/v tokens and 7 of the prompt.
"""

from typing import Any

import torch
from transformers import PretrainedConfig

from mavsr.model.adapters.base import count_parameters
from mavsr.model.adapters.registry import make_adapter
from mavsr.model.compression import compressed_length
from mavsr.model.llm import empty_llm
from mavsr.model.scales import Scale
from mavsr.model.settings import ModelSettings
from mavsr.tokens import TOKENS_PER_SECOND

PAPER_SECONDS = 10
PAPER_PROMPT_TOKENS = 7


def prefix_tokens(encoder_tokens: dict[str, int], scale: Scale, prompt_tokens: int) -> int:
    """Tokens before the transcript, counted as the paper does: without BOS and markers.

    Args:
        encoder_tokens: modality -> tokens of the clip before compression.
        scale: the compression rates.
        prompt_tokens: length of the tokenised prompt.
    """
    return prompt_tokens + sum(
        compressed_length(encoder_tokens[modality], rate) for modality, rate in scale.rates.items()
    )


def paper_tokens(scale: Scale) -> int:
    """Tokens of the paper's 10 s clip at ``scale``."""
    clip = {modality: rate * PAPER_SECONDS for modality, rate in TOKENS_PER_SECOND.items()}
    return prefix_tokens(clip, scale, PAPER_PROMPT_TOKENS)


def matrix_parameters(config: PretrainedConfig) -> int:
    """Weights of the LLM that multiply a token: all matrices and the head, not the embedding."""
    llm: Any = empty_llm(config)
    # A tied head shares its tensor with the embedding, yet multiplies all the same.
    head = llm.get_output_embeddings().weight
    body = sum(p.numel() for p in llm.get_decoder().parameters() if p.dim() == 2)
    return body - llm.get_input_embeddings().weight.numel() + head.numel()


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


def teraflops(weights: int, tokens: float) -> float:
    """TFLOPs of one forward pass over ``tokens`` by ``weights`` (LLM matrices + active adapter)."""
    return 2 * weights * tokens / 1e12
