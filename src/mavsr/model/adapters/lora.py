"""The three Matryoshka ways to adapt a frozen LLM by LoRA, and Llama-AVSR (Llama-MTSK, Sec. 3.2).

    MS    H = XW + s X W_MS                 one LoRA for all scales        (Eq. 2)
    SS    H = XW + s X W_SS^ij              one LoRA per scale             (Eq. 3)
    MSS   H = XW + s X W_SS^ij + s X W_MS   both                           (Eq. 4)

Llama-AVSR is MS with a single scale. Omni-AVSR (arXiv 2511.07253) has tasks in the place of
scales: S is a LoRA for all tasks, T one per task, ST both, added with one factor. LoRAs act on the
query and value projections of every layer and are made, saved and loaded by PEFT, so that plain
PEFT can read what is trained here.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import peft
import torch
from peft.tuners.lora import LoraModel
from safetensors.torch import load_file, save_file
from torch import nn

from mavsr.errors import InputError
from mavsr.model.adapters.base import Adapter, count_parameters
from mavsr.model.methods import method_of
from mavsr.model.scales import Scale
from mavsr.model.settings import ModelSettings

SHARED = "shared"
WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"


class MatryoshkaLora(Adapter):
    """The LoRAs of one model over its frozen LLM, switched by scale.

    Args:
        llm: a causal language model of Hugging Face; LoRA layers are put into it.
        settings: the model's: rank r (hidden/32 or hidden/64 in the paper: 64 or 96), factor s
            (1/8 in the paper), target layers and scales.
        shared: have a LoRA that is active at all scales (``W_MS``).
        own: have a LoRA per scale (``W_SS^ij``).
        by_task: have one per task, for a model of several.

    Raises:
        InputError: the LLM lacks a target layer.
    """

    def __init__(self, llm: nn.Module, settings: ModelSettings, **which: bool):
        super().__init__(settings)
        self.which = which
        assert settings.lora_rank and settings.lora_scale and settings.lora_targets
        _check_targets(llm, settings.lora_targets)
        config = peft.LoraConfig(
            r=settings.lora_rank,
            # PEFT scales by alpha / r.
            lora_alpha=settings.lora_rank * settings.lora_scale,  # type: ignore[arg-type]
            target_modules=list(settings.lora_targets),
            task_type="CAUSAL_LM",
        )
        names = [name for scale in settings.scales for name in self.names(scale)]
        first, *others = dict.fromkeys(names)
        self.peft = peft.get_peft_model(llm, config, adapter_name=first)
        for name in others:
            self.peft.add_adapter(name, config)
        self.tuner = cast(LoraModel, self.peft.base_model)
        self.activate(settings.scales[0])

    def names(self, scale: Scale) -> list[str]:
        """PEFT's names of the LoRAs that are active at ``scale``."""
        return adapter_names(scale, **self.which)

    def weights(self, scale: Scale) -> str:
        """See :meth:`Adapter.weights`: the LoRAs at work."""
        return "+".join(self.names(scale))

    def _switch(self, scale: Scale) -> None:
        self.tuner.set_adapter(self.names(scale))
        # PEFT freezes the adapters it switches off; all of them are in training.
        for parameter in self.trainable():
            parameter.requires_grad_(True)

    def trainable(self) -> list[nn.Parameter]:
        """All LoRA parameters, of active and inactive adapters alike."""
        return [p for name, p in self.peft.named_parameters() if ".lora_" in name]

    def active_parameters(self, scale: Scale) -> int:
        """Weights of the LoRAs of ``scale``."""
        endings = tuple(f".{name}.weight" for name in self.names(scale))
        return count_parameters(
            [
                p
                for name, p in self.peft.named_parameters()
                if ".lora_" in name and name.endswith(endings)
            ]
        )

    def save(self, folder: Path) -> None:
        """Write every adapter in PEFT's format to ``folder/<adapter name>/``."""
        # Left to itself, PEFT adds the whole tables where these have grown or are a LoRA's target.
        self.peft.save_pretrained(str(folder), save_embedding_layers=False)
        # PEFT's model card is a form to fill in; run.json says what the model is.
        (folder / "README.md").unlink(missing_ok=True)
        for config in folder.glob(f"*/{CONFIG}"):
            _put_in_order(config)

    def load(self, folder: Path) -> None:
        """Read what :meth:`save` wrote.

        Raises:
            InputError: an adapter is missing or does not fit this model.
        """
        present = sorted(p.parent.name for p in folder.glob(f"*/{WEIGHTS}"))
        config: Any
        for name, config in self.peft.peft_config.items():
            # PEFT puts an adapter called "default" into the folder itself; ours never is.
            weights = folder / name / WEIGHTS
            if not weights.is_file():
                raise InputError(
                    f"{weights} is missing: the model has no adapter {name!r}, only "
                    f"{', '.join(present) or 'none'}; load it with the method and rates it was "
                    "trained with (run.json), or train again"
                )
            saved: Any = peft.LoraConfig.from_pretrained(str(weights.parent))
            if (saved.r, saved.lora_alpha) != (config.r, config.lora_alpha):
                raise InputError(
                    f"{weights} has lora_rank {saved.r} and lora_scale "
                    f"{saved.lora_alpha / saved.r:g}, the model to load it into {config.r} and "
                    f"{config.lora_alpha / config.r:g}; load it with the settings of its run.json"
                )
            self._read(weights, name, saved.base_model_name_or_path or "another LLM")

    def _read(self, weights: Path, name: str, trained_over: str) -> None:
        state = peft.load_peft_weights(str(weights.parent), device="cpu")
        if trouble := self.fill(name, state):
            raise InputError(
                f"{weights} is of another LLM than {self.settings.llm}: it {trouble}. It was "
                f"trained over {trained_over}; load it over that one"
            )

    def fill(self, name: str, state: Mapping[str, torch.Tensor]) -> str:
        """Set the weights of the LoRA ``name``; returns what is wrong with them, "" if nothing is.

        Args:
            name: of the LoRA, one of :meth:`names`.
            state: name in PEFT's files (``...self_attn.q_proj.lora_A.weight``) -> weights.
        """
        try:
            result: Any = peft.set_peft_model_state_dict(self.peft, state, adapter_name=name)
        except RuntimeError as error:
            return f"does not fit its widths ({error})"
        lacking = [k for k in result.missing_keys if ".lora_" in k and f".{name}." in k]
        if lacking:
            return f"lacks {lacking[0]}"
        return f"holds {result.unexpected_keys[0]} besides" if result.unexpected_keys else ""


def adapter_names(
    scale: Scale, shared: bool = False, own: bool = False, by_task: bool = False
) -> list[str]:
    """Names of the LoRAs that are active at ``scale``: the shared one, its own, its task's."""
    return [SHARED] * shared + [scale.name] * own + [scale.task] * by_task


def export(folder: Path, settings: ModelSettings, scale: Scale, output: Path) -> None:
    """Write the LoRAs of one scale as a single adapter that plain PEFT reads from ``output``.

    Two LoRAs of rank r and factor s add up to one of rank 2r with the same factor, their matrices
    stacked: s X [A1 A2] [B1; B2] = s X A1 B1 + s X A2 B2.

    Args:
        folder: what :meth:`MatryoshkaLora.save` wrote.
        settings: of the model that was saved.
        scale: which of its scales.
        output: an existing folder.

    Raises:
        InputError: an adapter is missing.
    """
    names = adapter_names(scale, **method_of(settings.method).options)  # type: ignore[arg-type]
    for name in names:
        if not (folder / name / WEIGHTS).is_file():
            raise InputError(f"{folder / name} holds no {WEIGHTS}; train again")
    loras = [load_file(folder / name / WEIGHTS) for name in names]
    merged = {
        key: torch.cat([lora[key] for lora in loras], dim=0 if ".lora_A." in key else 1)
        for key in loras[0]
    }
    save_file(merged, output / WEIGHTS, {"format": "pt"})
    config = peft.LoraConfig.from_pretrained(str(folder / names[0]))
    config.r, config.lora_alpha = config.r * len(names), config.lora_alpha * len(names)
    config.save_pretrained(str(output))
    _put_in_order(output / CONFIG)


def make(llm: nn.Module, settings: ModelSettings, **options: Any) -> MatryoshkaLora:
    """The adapter of a LoRA method; see :class:`MatryoshkaLora`."""
    return MatryoshkaLora(llm, settings, **options)


def _put_in_order(path: Path) -> None:
    """Sort the target layers of an adapter's config: PEFT keeps a set, whose order is random."""
    config = json.loads(path.read_text(encoding="utf-8"))
    config["target_modules"] = sorted(config["target_modules"])
    path.write_text(json.dumps(config, indent=2, sort_keys=True), encoding="utf-8")


def _check_targets(llm: nn.Module, targets: Sequence[str]) -> None:
    linear = {name.rsplit(".", 1)[-1] for name, module in llm.named_modules() if _is_linear(module)}
    for target in targets:
        if target not in linear:
            raise InputError(
                f"the LLM ({type(llm).__name__}) has no linear layer {target!r}; it has "
                f"{', '.join(sorted(linear))}. Name some of these as the LLM's lora_targets, or "
                "take an LLM with q_proj and v_proj (Llama, Qwen)"
            )


def _is_linear(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D"
