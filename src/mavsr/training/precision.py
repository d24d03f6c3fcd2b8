"""The number formats of frozen and trained weights, and of the computation."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.quantization import own_format


def set_precision(model: MatryoshkaModel, precision: str) -> None:
    """Give the weights their formats; ``training.precision`` of the config says which."""
    frozen = torch.float32 if precision == "float32" else torch.bfloat16
    trained = torch.bfloat16 if precision == "bf16-true" else torch.float32
    mine = {id(parameter) for parameter in model.trainable()}
    for parameter in [*own_format(model.llm), *model.trainable()]:
        parameter.data = parameter.data.to(trained if id(parameter) in mine else frozen)
    model.markers.data = model.markers.data.to(trained)


def computing(device: torch.device, precision: str) -> AbstractContextManager:
    """The context of forward passes: under ``bf16``, float32 weights compute in bfloat16."""
    if precision == "bf16":
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def checkpoint_layers(model: MatryoshkaModel) -> None:
    """Let the backward pass compute each decoder layer again instead of keeping its activations."""
    # Nothing is random in a frozen LLM, so no state of a generator needs to be kept.
    model.llm.activation_checkpointing_enable({"use_reentrant": False, "preserve_rng_state": False})
    for layer in model.llm.get_decoder().layers:
        # Hugging Face asks this flag. What lies within the layer stays in eval mode.
        layer.training = True


@contextmanager
def without_checkpoints(model: MatryoshkaModel) -> Iterator[None]:
    """Undo :func:`checkpoint_layers` for the block: such layers drop the cache of decoding."""
    layers = list(model.llm.get_decoder().layers)
    before = [layer.training for layer in layers]
    for layer in layers:
        layer.training = False
    try:
        yield
    finally:
        for layer, training in zip(layers, before, strict=True):
            layer.training = training
