"""``llms``: frozen LLMs, and the LoRAs in them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from mavsr.config.base import Key, settings
from mavsr.config.mome import EXPERTS
from mavsr.config.values import Count, Positive, Text, once

LORA = ("train_model if lora",)
LORA_TARGETS = ("q_proj", "v_proj")
"""Layers with LoRAs in the paper's equations and figure (its text once says query and key)."""

WEIGHT_BYTES = {None: 4.0, "nf4": 0.52}
"""``quantization`` -> bytes of a frozen weight, with its share of its block's factors."""


@settings("llm")
class Llm:
    """A frozen causal LLM, and the LoRAs that methods with LoRA put into it."""

    path: Annotated[
        Text,
        Key("A folder in Hugging Face's format, or a hub name", ("train_model",), plans=True),
    ]
    revision: Annotated[
        Text | None, Key("Commit or tag of a hub model; null takes the newest", ("train_model",))
    ] = None
    quantization: Annotated[
        Literal["nf4"] | None,
        Key(
            "nf4 holds the frozen linear layers in 4 bits, by bitsandbytes (`make quantization`): "
            "less memory, more time, other results; null keeps the checkpoint's format",
            ("train_model",),
        ),
    ] = None
    lora_rank: Annotated[Count, Key("r of every LoRA (64 for Llama 3.2 1B)", LORA)] = 32
    lora_scale: Annotated[Positive, Key("s, the factor before every LoRA", LORA)] = 0.125
    lora_targets: Annotated[
        tuple[Text, ...],
        Field(min_length=1),
        AfterValidator(once),
        Key("Linear layers that have LoRAs", LORA),
    ] = LORA_TARGETS
    mome_bottleneck: Annotated[
        Count | None,
        Key(
            "b of MoME's experts in this LLM (8 for Llama 3.2 1B and 3.1 8B); null takes "
            "mome.bottleneck. An entry's own mome.bottleneck goes before it",
            EXPERTS,
            plans=True,
        ),
    ] = None
