"""The three Matryoshka ways to adapt a frozen LLM by LoRA, and Llama-AVSR (Llama-MTSK, Sec. 3.2).

    MS    H = XW + s X W_MS                 one LoRA for all scales        (Eq. 2)
    SS    H = XW + s X W_SS^ij              one LoRA per scale             (Eq. 3)
    MSS   H = XW + s X W_SS^ij + s X W_MS   both                           (Eq. 4)

Llama-AVSR is MS with a single scale. All LoRAs act on the query and value projections of every
layer and are made, saved and loaded by PEFT, so that plain PEFT can read what is trained here.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import peft
import torch
from peft.tuners.lora import LoraModel
from torch import nn

from mavsr.errors import InputError
from mavsr.model.scales import Scale

SHARED = "shared"
TARGETS = ("q_proj", "v_proj")


def adapter_names(method: str, scale: Scale) -> list[str]:
    """Names of the LoRAs that are active at ``scale`` under ``method``.

    Raises:
        InputError: the method is unknown.
    """
    names = {
        "llama-avsr": [SHARED],
        "mtsk-ms": [SHARED],
        "mtsk-ss": [scale.name],
        "mtsk-mss": [SHARED, scale.name],
    }
    if method not in names:
        raise InputError(f"method {method!r} is unknown; choose from {', '.join(names)}")
    return names[method]


class MatryoshkaLora(nn.Module):
    """The LoRAs of one model over its frozen LLM, switched by scale.

    Args:
        llm: a causal language model of Hugging Face with ``q_proj`` and ``v_proj`` layers; the
            LoRA layers are put into it.
        method: ``llama-avsr``, ``mtsk-ms``, ``mtsk-ss`` or ``mtsk-mss``.
        scales: all scales the model is to serve.
        rank: r of every LoRA (hidden/32 or hidden/64 in the paper: 64 or 96).
        scale_factor: s (1/8 in the paper).
    """

    def __init__(
        self,
        llm: nn.Module,
        method: str,
        scales: Sequence[Scale],
        rank: int,
        scale_factor: float,
    ):
        super().__init__()
        if method == "llama-avsr" and len(scales) != 1:
            raise InputError(
                f"llama-avsr trains one model per scale, not one for {len(scales)} scales"
            )
        self.method = method
        self.prefix_shared = method in ("llama-avsr", "mtsk-ms")
        self.scales = tuple(scales)
        names = [name for scale in scales for name in adapter_names(method, scale)]
        config = peft.LoraConfig(
            r=rank,
            lora_alpha=rank * scale_factor,  # type: ignore[arg-type]  # PEFT scales by alpha / r
            target_modules=list(TARGETS),
            task_type="CAUSAL_LM",
        )
        first, *others = dict.fromkeys(names)
        self.peft = peft.get_peft_model(llm, config, adapter_name=first)
        for name in others:
            self.peft.add_adapter(name, config)
        self.tuner = cast(LoraModel, self.peft.base_model)
        self.activate(scales[0])

    def activate(self, scale: Scale) -> None:
        """Make the LoRAs of ``scale`` act, and no others.

        Raises:
            InputError: the model was not made for this scale.
        """
        if scale not in self.scales:
            raise InputError(
                f"scale {scale.name} is not one of this model's scales: "
                + ", ".join(known.name for known in self.scales)
            )
        self.tuner.set_adapter(adapter_names(self.method, scale))
        # PEFT freezes the adapters it switches off; all of them are in training.
        for parameter in self.trainable():
            parameter.requires_grad_(True)

    def trainable(self) -> list[nn.Parameter]:
        """All LoRA parameters, of active and inactive adapters alike."""
        return [p for name, p in self.peft.named_parameters() if ".lora_" in name]

    def save(self, folder: Path) -> None:
        """Write every adapter in PEFT's format to ``folder/<adapter name>/``."""
        self.peft.save_pretrained(str(folder))
        # PEFT's model card is a form to fill in; run.json says what the model is.
        (folder / "README.md").unlink(missing_ok=True)

    def load(self, folder: Path) -> None:
        """Read what :meth:`save` wrote.

        Raises:
            InputError: an adapter is missing or does not fit this model.
        """
        for name in self.peft.peft_config:
            # PEFT puts an adapter called "default" into the folder itself; ours never is.
            weights = folder / name / "adapter_model.safetensors"
            if not weights.is_file():
                raise InputError(f"{weights} is missing: the model has no adapter {name!r}")
            try:
                result: Any = peft.set_peft_model_state_dict(
                    self.peft,
                    peft.load_peft_weights(str(weights.parent), device="cpu"),
                    adapter_name=name,
                )
            except RuntimeError as error:
                raise InputError(f"{weights} does not fit the LLM: {error}") from error
            if result.unexpected_keys:
                raise InputError(f"{weights} holds {result.unexpected_keys[0]}, unknown to the LLM")
            lacking = [k for k in result.missing_keys if ".lora_" in k and f".{name}." in k]
            if lacking:
                raise InputError(f"{weights} lacks {lacking[0]}, so it is of another LLM")


def count_parameters(parameters: Sequence[torch.Tensor]) -> int:
    """Sum of elements."""
    return sum(parameter.numel() for parameter in parameters)
