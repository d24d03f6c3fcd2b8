"""Widths of an LLM and of what a method trains in it, by arithmetic where the LLM is a Llama.

Networks are built, without memory, for LLMs and adapters of other kinds alone: importing what
builds them takes longer than the whole plan.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mavsr.config.toy import ToyLlama
from mavsr.errors import InputError
from mavsr.model.methods import method_of
from mavsr.model.settings import ModelSettings
from mavsr.report.llm_shapes import SHAPES, UNGATED, llm_shape
from mavsr.workflow.paths import TOYS


@dataclass(frozen=True)
class LlmSize:
    """What of an LLM's shape decides costs."""

    hidden: int
    layers: int
    matrices: int
    """Weights that multiply a token (:func:`mavsr.model.cost.matrix_parameters`)."""
    head: int
    """Those of the output head among them; the embedding table has as many."""
    tied: bool
    """Whether head and embedding table are one."""
    linear: Mapping[str, int]
    """Linear layer -> its inputs plus its outputs, summed over the decoder layers."""
    config: Any
    """As ``config.json`` has it, or as transformers does."""


def llm_size(path: str, toy: ToyLlama) -> LlmSize:
    """The size of an LLM in a folder or on the hub.

    Args:
        path: as the config has it.
        toy: the config's section: a toy model may not be made yet.

    Raises:
        InputError: there is no such model.
    """
    known = path.rpartition("/")[2].lower()
    if path.startswith(TOYS):
        return _llama(
            {
                "vocab_size": toy.vocabulary,
                "hidden_size": toy.hidden,
                "intermediate_size": 3 * toy.hidden,
                "num_hidden_layers": toy.layers,
                "num_attention_heads": toy.heads,
                "num_key_value_heads": toy.heads,
                "tie_word_embeddings": False,
            }
        )
    if shape := (SHAPES | UNGATED).get(known):
        return _llama(shape)
    file = Path(path) / "config.json"
    if file.is_file():
        try:
            content = json.loads(file.read_bytes())
            if content["model_type"] == "llama":
                return _llama(content)
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{file} cannot be read ({error!r}); fetch it again") from error
    return _counted(llm_shape(path))


def trained_parameters(size: LlmSize, settings: ModelSettings) -> int:
    """Parameters of a method's adapter that training changes, over all scales."""
    method = method_of(settings.method)
    if method.adapter == "lora":
        assert settings.lora_rank and settings.lora_targets
        if all(target in size.linear for target in settings.lora_targets):
            scales = settings.scales
            counts = {"shared": 1, "own": len(scales), "by_task": len({s.task for s in scales})}
            loras = sum(count for name, count in counts.items() if method.options.get(name))
            widths = sum(size.linear[target] for target in settings.lora_targets)
            return loras * settings.lora_rank * widths
    if method.adapter == "mome" and (mome := settings.mome):
        experts = mome.routed + mome.shared
        routers = 1 if mome.router == "shared" else len(settings.scales)
        one = 2 * size.hidden * mome.bottleneck + mome.bottleneck + size.hidden
        return size.layers * (experts * one + routers * mome.routed * size.hidden)
    from transformers import LlamaConfig

    from mavsr.report.adapter_sizes import adapter_parameters

    config = LlamaConfig(**size.config) if isinstance(size.config, dict) else size.config
    return adapter_parameters(config, settings, settings.scales[0])[0]


def _llama(config: dict[str, Any]) -> LlmSize:
    """From the keys of a Llama's ``config.json``."""
    hidden, inside = config["hidden_size"], config["intermediate_size"]
    layers, heads = config["num_hidden_layers"], config["num_attention_heads"]
    width = config.get("head_dim") or hidden // heads
    query, value = heads * width, (config.get("num_key_value_heads") or heads) * width
    shapes = {
        "q_proj": (hidden, query),
        "k_proj": (hidden, value),
        "v_proj": (hidden, value),
        "o_proj": (query, hidden),
        "gate_proj": (hidden, inside),
        "up_proj": (hidden, inside),
        "down_proj": (inside, hidden),
    }
    return LlmSize(
        hidden,
        layers,
        layers * sum(a * b for a, b in shapes.values()) + config["vocab_size"] * hidden,
        config["vocab_size"] * hidden,
        config.get("tie_word_embeddings", False),
        {name: layers * (a + b) for name, (a, b) in shapes.items()},
        config,
    )


def _counted(config: Any) -> LlmSize:
    """From an LLM of any kind, built without memory."""
    from torch import nn

    from mavsr.model.cost import matrix_parameters
    from mavsr.model.llm import empty_llm

    llm: Any = empty_llm(config)
    linear: dict[str, int] = {}
    for name, module in llm.get_decoder().named_modules():
        if isinstance(module, nn.Linear):
            last = name.rpartition(".")[2]
            linear[last] = linear.get(last, 0) + module.in_features + module.out_features
    layers, hidden = config.num_hidden_layers, config.hidden_size
    head = llm.get_output_embeddings().weight.numel()
    tied = config.tie_word_embeddings
    return LlmSize(hidden, layers, matrix_parameters(config), head, tied, linear, config)
