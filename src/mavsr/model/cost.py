"""What a sequence costs the LLM: tokens and FLOPs (Llama-MTSK, Table 4).

The paper counts 2 FLOPs per weight and token: every weight matrix of the LLM including the output
head, without the input embedding (a look-up), plus the active adapter; attention scores, encoders
and projectors are left out.
"""

from typing import Any

from transformers import PretrainedConfig

from mavsr.model.compression import compressed_length
from mavsr.model.llm import empty_llm
from mavsr.model.scales import Scale


def prefix_tokens(encoder_tokens: dict[str, int], scale: Scale, prompt_tokens: int) -> int:
    """Tokens before the transcript, counted as the paper does: without BOS and markers.

    Args:
        encoder_tokens: modality -> tokens of the clip before compression; what is absent counts
            nothing.
        scale: the compression rates.
        prompt_tokens: length of the tokenised prompt.
    """
    return prompt_tokens + sum(
        compressed_length(encoder_tokens[modality], rate)
        for modality, rate in scale.rates.items()
        if modality in encoder_tokens
    )


def matrix_parameters(config: PretrainedConfig) -> int:
    """Weights of the LLM that multiply a token: all matrices and the head, not the embedding."""
    llm: Any = empty_llm(config)
    # A tied head shares its tensor with the embedding, yet multiplies all the same.
    head = llm.get_output_embeddings().weight
    body = sum(p.numel() for p in llm.get_decoder().parameters() if p.dim() == 2)
    return body - llm.get_input_embeddings().weight.numel() + head.numel()


def head_parameters(config: PretrainedConfig) -> int:
    """Weights of the output head, one of :func:`matrix_parameters`."""
    llm: Any = empty_llm(config)
    return llm.get_output_embeddings().weight.numel()


def teraflops(weights: int, tokens: float) -> float:
    """TFLOPs of one forward pass over ``tokens`` by ``weights`` (LLM matrices + active adapter)."""
    return 2 * weights * tokens / 1e12
