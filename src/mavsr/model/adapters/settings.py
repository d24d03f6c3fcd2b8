"""Size and training of a mixture of Matryoshka experts, checked when made."""

from collections.abc import Mapping
from dataclasses import dataclass

from mavsr.errors import InputError
from mavsr.model.scales import Scale, check_rate

ROUTERS = ("shared", "per_scale")


@dataclass(frozen=True)
class MomeSettings:
    """MoME-23/4, the paper's main model, unless said otherwise (MoME, Sec. 4)."""

    routed: int = 23
    """N_r experts of which each token takes ``top_k``."""
    shared: int = 1
    """N_s experts that every token takes; may be 0."""
    top_k: int = 4
    """k, routed experts per token."""
    bottleneck: int = 12
    """b, width inside an expert."""
    balance: float = 0.01
    """Weight of the load-balancing loss; 0 leaves it out."""
    router: str = "shared"
    """``shared``: one router for all scales, the idea of the paper. ``per_scale``: one each."""
    renormalise: bool = False
    """Divide the gates of the chosen experts by their sum."""
    scale_weights: tuple[tuple[str, float], ...] = ()
    """(name of a scale, its weight c_ij in the loss); 1 for scales that are not listed."""

    def __post_init__(self) -> None:
        for name in ("routed", "top_k", "bottleneck"):
            check_rate(getattr(self, name), f"mome.{name}")
        if not isinstance(self.shared, int) or self.shared < 0:
            raise InputError(f"mome.shared is {self.shared!r}; give a whole number of at least 0")
        if self.top_k > self.routed:
            raise InputError(
                f"mome.top_k is {self.top_k}, but there are only {self.routed} routed experts; "
                "lower mome.top_k or raise mome.routed"
            )
        if not self.balance >= 0:
            raise InputError(f"mome.balance is {self.balance}; give 0 or more")
        if self.router not in ROUTERS:
            raise InputError(f"mome.router is {self.router!r}; choose from {', '.join(ROUTERS)}")
        names = [Scale.parse(name).name for name, _ in self.scale_weights]
        if names != sorted(set(names)):
            raise InputError(f"mome.scale_weights names {names}: list each scale once, sorted")
        for name, weight in self.scale_weights:
            if not weight >= 0:
                raise InputError(f"mome.scale_weights.{name} is {weight}; give 0 or more")

    @classmethod
    def of_config(cls, section: Mapping) -> "MomeSettings":
        """From the config's section, where ``scale_weights`` is a mapping or null."""
        weights = section.get("scale_weights") or {}
        pairs = tuple(sorted((name, float(weight)) for name, weight in weights.items()))
        return cls(**{**section, "scale_weights": pairs})

    @classmethod
    def from_dict(cls, content: Mapping) -> "MomeSettings":
        """From the JSON object that :func:`dataclasses.asdict` gives."""
        pairs = tuple((name, weight) for name, weight in content["scale_weights"])
        return cls(**{**content, "scale_weights": pairs})

    @property
    def code(self) -> str:
        """``r23k4s1b12`` and what differs from the paper: a part of the model's name."""
        weights = "_".join(f"{name}x{weight:g}" for name, weight in self.scale_weights)
        parts = [
            f"r{self.routed}k{self.top_k}s{self.shared}b{self.bottleneck}",
            "" if self.balance == 0.01 else f"lb{self.balance:g}",
            "" if self.router == "shared" else "separate",
            "renorm" if self.renormalise else "",
            f"c_{weights}" if weights else "",
        ]
        return "-".join(filter(None, parts))
