"""``mome``: mixtures of Matryoshka experts."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, WithJsonSchema

from mavsr.config.base import Key, settings
from mavsr.config.values import Count, Flag, NotNegative, Whole
from mavsr.model.scales import Scale

EXPERTS = ("train_model if mome",)
BalanceOver = Literal["pooled", "layers", "mean"]


def _pairs(weights: Any) -> Any:
    """A mapping as the config has it, or null, as sorted pairs."""
    if weights is None or weights == "null":  # as --config hands it over
        return ()
    pairs = list(weights.items()) if isinstance(weights, Mapping) else weights
    if not isinstance(pairs, list | tuple) or not all(map(_is_pair, pairs)):
        raise ValueError("give a weight to each scale, as in {a4_v2: 1.5}, or null")
    for name, weight in pairs:
        if not isinstance(weight, int | float) or not weight >= 0:
            raise ValueError(f"the weight of {name} is {weight!r}; give 0 or more")
    return tuple(sorted(pairs) if isinstance(weights, Mapping) else pairs)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and isinstance(value[0], str)


ScaleWeights = Annotated[
    tuple[tuple[str, NotNegative], ...],
    BeforeValidator(_pairs),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}},
                {"type": "null"},
            ]
        }
    ),
]


@settings("mome")
class MomeSettings:
    """The experts of the mome- methods; the defaults are the paper's MoME-23/4 (Sec. 4)."""

    routed: Annotated[
        Count, Key("N_r, experts of which each token takes top_k", EXPERTS, plans=True)
    ] = 23
    shared: Annotated[
        Whole, Key("N_s, experts that every token takes; may be 0", EXPERTS, plans=True)
    ] = 1
    top_k: Annotated[
        Count,
        Key(
            "k, at most routed; more cost no time here but more active parameters",
            EXPERTS,
            plans=True,
        ),
    ] = 4
    bottleneck: Annotated[Count, Key("b, width inside an expert", EXPERTS, plans=True)] = 12
    balance: Annotated[
        NotNegative,
        Key("Weight of the load-balancing loss; 0 leaves it out", EXPERTS, plans=True),
    ] = 0.01
    balance_over: Annotated[
        BalanceOver,
        Key(
            "Over layers the balancing loss takes the experts' use in all of them together "
            "(pooled), or the sum (layers) or mean of each layer's own loss (docs/methods.md)",
            EXPERTS,
            plans=True,
        ),
    ] = "pooled"
    router: Annotated[
        Literal["shared", "per_scale"],
        Key("One for all scales; per_scale gives each its own (ablation)", EXPERTS, plans=True),
    ] = "shared"
    renormalise: Annotated[
        Flag, Key("Divide the gates of the chosen experts by their sum", EXPERTS, plans=True)
    ] = False
    scale_weights: Annotated[
        ScaleWeights,
        Key(
            "c_ij in the loss, such as {a4_v2: 1.5}; scales that are not named have 1",
            EXPERTS,
            plans=True,
        ),
    ] = ()

    def __post_init__(self) -> None:
        if self.top_k > self.routed:
            raise ValueError(
                f"mome.top_k is {self.top_k}, but there are only {self.routed} routed experts; "
                "lower mome.top_k or raise mome.routed"
            )
        names = [Scale.parse(name).name for name, _ in self.scale_weights]
        if names != sorted(set(names)):
            raise ValueError(f"mome.scale_weights names {names}: list each scale once, sorted")

    @property
    def code(self) -> str:
        """``r23k4s1b12`` and what differs from the paper: a part of the model's name."""
        weights = "_".join(f"{name}x{weight:g}" for name, weight in self.scale_weights)
        parts = [
            f"r{self.routed}k{self.top_k}s{self.shared}b{self.bottleneck}",
            "" if self.balance == 0.01 else f"lb{self.balance:g}",
            "" if self.balance_over == "pooled" else f"lb{self.balance_over}",
            "" if self.router == "shared" else "separate",
            "renorm" if self.renormalise else "",
            f"c_{weights}" if weights else "",
        ]
        return "-".join(filter(None, parts))
