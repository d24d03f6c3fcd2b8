"""The frozen LLM in 4 bits, by bitsandbytes, for those whose memory its weights exceed.

The decoder's linear layers are quantised as they are read; embedding table, output head and norms
stay as they are, and so does what is trained beside them. ``nf4`` is QLoRA's NormalFloat with its
double quantisation (arXiv 2305.14314, Sec. 3); it is taken back to the type of a layer's input for
each product. bitsandbytes' 8 bits (LLM.int8(), arXiv 2208.07339) are not offered: which columns it
computes in float16 depends on all rows at once, so a transcript would depend on its batch.
"""

import logging
from typing import Any

from torch import nn

from mavsr.errors import InputError
from mavsr.provenance import is_installed


def loading_options(quantization: str | None) -> dict[str, Any]:
    """What ``from_pretrained`` is told, so that weights are quantised one by one as they are read.

    Args:
        quantization: ``nf4``, or None for the checkpoint's own format.

    Raises:
        InputError: bitsandbytes is not installed.
    """
    if quantization is None:
        return {}
    if not is_installed("bitsandbytes"):
        raise InputError(
            f"an LLM with quantization: {quantization} needs bitsandbytes, which is not installed; "
            "run `make quantization`, or take the LLM in its own format: quantization: null in the "
            "config, and for a trained model `--quantization none`"
        )
    from transformers import BitsAndBytesConfig

    # It warns of a kernel that this machine lacks and of others that it takes instead.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    config = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type=quantization, bnb_4bit_use_double_quant=True
    )
    # Left to itself, transformers puts a quantised model on the first GPU there is.
    return {"quantization_config": config, "device_map": {"": "cpu"}}


def settle(llm: nn.Module) -> None:
    """Make a quantised LLM fit for training, and let go of the file that it was read from.

    Its layers are to compute in the type of their first input, not in float32 whatever that is.
    And on a processor with AVX512-BF16 a layer of bitsandbytes 0.50 changes for good, at its first
    pass without gradients such as one for validation, to a kernel that has no backward pass
    (findings/bitsandbytes-cpu-gradients.sh).
    """
    module: Any
    for module in llm.modules():
        if hasattr(module, "compute_type_is_set"):
            module.compute_type_is_set = False
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
    for parameter in own_format(llm):
        parameter.data = parameter.data.clone()  # it was a view of the whole file in memory


def own_format(llm: nn.Module) -> list[nn.Parameter]:
    """The parameters of an LLM that are numbers by themselves: all but those quantised."""
    return [parameter for parameter in llm.parameters() if parameter.is_floating_point()]
