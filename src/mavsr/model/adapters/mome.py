"""MoME: sparse experts in parallel to a block of every frozen layer (arXiv 2510.04136, Sec. 3).

A module reads what its block reads, after the layer norm in front of it, and adds its output to
the block's: to that of attention (``mhsa``), of the feed-forward block (``ffn``), or of the whole
decoder layer (``layer``, which reads the normalised input of the layer). One router and one set of
experts serve all scales and both modalities.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import safetensors.torch
import torch
from torch import nn

from mavsr.errors import InputError
from mavsr.files import write_json
from mavsr.model.adapters.base import KINDS, Adapter, count_parameters
from mavsr.model.adapters.experts import Experts, Router, balance_loss, usage
from mavsr.model.scales import Scale
from mavsr.model.settings import ModelSettings

BLOCKS = {"mhsa": "self_attn", "ffn": "mlp", "layer": ""}
"""Where a module sits -> the block's name within a decoder layer; "" is the layer itself."""
WEIGHTS = "mome.safetensors"
ROUTER = "shared"


class Mome(Adapter):
    """Experts beside one block of every decoder layer.

    Args:
        llm: a causal language model of Hugging Face; it gets hooks, its own modules stay.
        settings: the model's, with ``mome``.
        block: ``mhsa``, ``ffn`` or ``layer``.

    Raises:
        InputError: the LLM's layers do not have that block.
    """

    def __init__(self, llm: nn.Module, settings: ModelSettings, block: str):
        super().__init__(settings)
        assert settings.mome is not None
        self.mome = settings.mome
        width = cast(Any, llm).config.hidden_size
        blocks = [_Block(layer, block) for layer in _layers(llm)]
        names = list(dict.fromkeys(self.weights(scale) for scale in settings.scales))
        self.experts = nn.ModuleList(Experts(width, self.mome) for _ in blocks)
        self.routers = nn.ModuleList(
            nn.ModuleDict({name: Router(width, self.mome) for name in names}) for _ in blocks
        )
        self.active = names[0]
        self._usage: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._uses: dict[tuple[int, Scale, str], torch.Tensor] | None = None
        for index, place in enumerate(blocks):
            place.add(lambda tokens, index=index: self._output(index, tokens))

    @property
    def whole_batch(self) -> bool:
        """See :attr:`Adapter.whole_batch`: balance is a product of means over all tokens."""
        return self.mome.balance > 0

    def weights(self, scale: Scale) -> str:
        """See :meth:`Adapter.weights`: the router, as all scales have the same experts."""
        return ROUTER if self.mome.router == "shared" else scale.name

    def _switch(self, scale: Scale) -> None:
        self.active = self.weights(scale)

    def _output(self, index: int, tokens: torch.Tensor) -> torch.Tensor:
        """What the experts of a layer add to their block's output: (B, L, d) -> (B, L, d)."""
        experts = cast(Experts, self.experts[index])
        router = cast(Router, cast(nn.ModuleDict, self.routers[index])[self.active])
        inputs = tokens.to(experts.up)
        probabilities, chosen, gates = router.route(inputs)
        if self.positions is not None:
            if torch.is_grad_enabled() and self.mome.balance:
                self._usage.append(usage(probabilities, chosen, self.positions.belongs))
            if self._uses is not None:
                self._count(self._uses, index, chosen.detach())
        return experts(inputs, gates).to(tokens)

    def _count(
        self, uses: dict[tuple[int, Scale, str], torch.Tensor], layer: int, chosen: torch.Tensor
    ) -> None:
        assert self.positions is not None
        for number, scale in enumerate(self.positions.scales):
            for kind, name in enumerate(KINDS):
                tokens = self.positions.belongs[..., number] & (self.positions.kinds == kind)
                if tokens.any():
                    key = (layer, scale, name)
                    uses[key] = uses.get(key, 0) + chosen[tokens].sum(dim=0)

    @contextmanager
    def record_routing(self) -> Iterator[dict[tuple[int, Scale, str], torch.Tensor]]:
        """Count how often each expert is chosen in the described passes within.

        Yields:
            a mapping that fills up: (layer, scale, one of ``KINDS``) -> (N_r,) choices.
        """
        uses: dict[tuple[int, Scale, str], torch.Tensor] = {}
        self._uses = uses
        try:
            yield uses
        finally:
            self._uses = None

    @contextmanager
    def describe(self, positions: Any) -> Iterator[None]:
        """See :meth:`Adapter.describe`; what earlier passes used is forgotten."""
        self._usage = []
        with super().describe(positions):
            yield

    def extra_loss(self) -> torch.Tensor | float:
        """Balance weight times the balance loss of all layers, averaged over scales."""
        used, self._usage = self._usage, []
        if not used:
            return 0.0
        fractions, means = (torch.stack(part) for part in zip(*used, strict=True))
        return self.mome.balance * balance_loss(fractions, means, self.mome.balance_over).mean()

    def trainable(self) -> list[nn.Parameter]:
        """Experts and routers of all layers."""
        return list(self.parameters())

    def active_parameters(self, scale: Scale) -> int:
        """Layers x ((k + N_s) experts with their biases + the router)."""
        routers = [cast(nn.ModuleDict, routers)[self.active] for routers in self.routers]
        return sum(cast(Experts, e).active_parameters() for e in self.experts) + count_parameters(
            [p for router in routers for p in router.parameters()]
        )

    def save(self, folder: Path) -> None:
        """Write ``mome.safetensors`` and ``mome.json``, its settings, to ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        safetensors.torch.save_file(
            {name: tensor.contiguous() for name, tensor in self.state_dict().items()},
            folder / WEIGHTS,
        )
        write_json(folder / "mome.json", self._description())

    def load(self, folder: Path) -> None:
        """Read what :meth:`save` wrote.

        Raises:
            InputError: a file is missing, or is of other experts, rates or another LLM.
        """
        for path in (folder / WEIGHTS, folder / "mome.json"):
            if not path.is_file():
                raise InputError(f"{path} is missing: {folder} holds no MoME; train again")
        saved, ours = json.loads((folder / "mome.json").read_text()), self._description()
        for key, value in ours.items():
            if saved.get(key) != value:
                raise InputError(
                    f"{folder / 'mome.json'}: {key} is {saved.get(key)!r}, but the model to load "
                    f"it into has {value!r}; load it with the settings and the LLM of its run.json"
                )
        try:
            self.load_state_dict(safetensors.torch.load_file(folder / WEIGHTS))
        except RuntimeError as error:
            raise InputError(f"{folder / WEIGHTS} does not fit the model: {error}") from error

    def _description(self) -> dict[str, Any]:
        """What must agree between two models for one's weights to fit the other, as in JSON."""
        settings = {"method": self.settings.method, "experts": self.mome.code}
        first = cast(Experts, self.experts[0])
        scales = [scale.name for scale in self.settings.scales]
        return {
            **settings,
            "scales": scales,
            "layers": len(self.experts),
            "hidden": first.down.in_features,
        }


class _Block:
    """A block of a decoder layer to which something is added."""

    def __init__(self, layer: nn.Module, name: str):
        attribute = BLOCKS[name]
        for needed in (attribute, "input_layernorm"):
            if needed and not hasattr(layer, needed):
                children = ", ".join(child for child, _ in layer.named_children())
                raise InputError(
                    f"the LLM's layers ({type(layer).__name__}) have no {needed!r}, beside which "
                    f"mome-{name} would sit; they have {children}. Take an LLM built like Llama"
                )
        self.module = getattr(layer, attribute) if attribute else layer
        self.norm = None if attribute else cast(nn.Module, layer.input_layernorm)

    def add(self, output: Any) -> None:
        """Add ``output(the block's normalised input)`` to what the block returns."""

        def hook(_: nn.Module, inputs: tuple, named: dict, result: Any) -> Any:
            tokens = inputs[0] if inputs else named["hidden_states"]
            extra = output(self.norm(tokens) if self.norm else tokens)
            if isinstance(result, tuple):
                return (result[0] + extra, *result[1:])
            return result + extra

        self.module.register_forward_hook(hook, with_kwargs=True)


def _layers(llm: nn.Module) -> list[nn.Module]:
    decoder = cast(Any, llm).get_decoder()
    if not hasattr(decoder, "layers"):
        raise InputError(
            f"the LLM ({type(llm).__name__}) has no list of decoder layers called `layers`; take "
            "an LLM built like Llama or Qwen"
        )
    return list(decoder.layers)


def export(folder: Path, settings: ModelSettings, scale: Scale, output: Path) -> None:
    """Write experts and the router of one scale, with their settings, to ``output``.

    Args:
        folder: what :meth:`Mome.save` wrote.
        settings: of the model that was saved.
        scale: which of its scales.
        output: an existing folder.

    Raises:
        InputError: a file is missing.
    """
    for path in (folder / WEIGHTS, folder / "mome.json"):
        if not path.is_file():
            raise InputError(f"{path} is missing: {folder} holds no MoME; train again")
    assert settings.mome is not None
    router = ROUTER if settings.mome.router == "shared" else scale.name
    safetensors.torch.save_file(
        {
            name.replace(f".{router}.", "."): tensor
            for name, tensor in safetensors.torch.load_file(folder / WEIGHTS).items()
            if name.startswith("experts.") or f".{router}." in name
        },
        output / WEIGHTS,
    )
    saved = json.loads((folder / "mome.json").read_text())
    description = {**saved, "scales": [scale.name], **asdict(settings.mome)}
    write_json(output / "mome.json", description)


def make(llm: nn.Module, settings: ModelSettings, **options: Any) -> Mome:
    """The adapter of a MoME method; see :class:`Mome`."""
    return Mome(llm, settings, **options)
