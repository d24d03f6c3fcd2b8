"""The number formats of frozen and trained weights, and of the computation."""

from contextlib import AbstractContextManager, nullcontext

import torch

from mavsr.model.avsr import MatryoshkaModel


def set_precision(model: MatryoshkaModel, precision: str) -> None:
    """Give the weights their formats; see :data:`mavsr.training.settings.PRECISIONS`."""
    frozen = torch.float32 if precision == "float32" else torch.bfloat16
    trained = torch.bfloat16 if precision == "bf16-true" else torch.float32
    mine = {id(parameter) for parameter in model.trainable()}
    for parameter in [*model.llm.parameters(), *model.trainable()]:
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
