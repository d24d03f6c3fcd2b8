"""``resampler``: compression by learned queries."""

from collections.abc import Sequence
from typing import Annotated

from mavsr.config.base import Key, settings
from mavsr.config.values import Count
from mavsr.errors import InputError

RESAMPLED = ("train_model if resampler",)


@settings("resampler")
class ResamplerSettings:
    """Queries that attend to windows of tokens (:mod:`mavsr.model.compressors.resampler`)."""

    window: Annotated[
        Count,
        Key(
            "Encoder tokens that a group of queries attends to; no rate may be larger",
            RESAMPLED,
            plans=True,
            unit="tokens",
        ),
    ] = 32
    queries: Annotated[
        Count,
        Key(
            "Learned queries along a window, at most one per token; a rate r takes window / r of "
            "them, evenly spread",
            RESAMPLED,
            plans=True,
        ),
    ] = 32
    heads: Annotated[
        Count, Key("Attention heads; they must divide width", RESAMPLED, plans=True)
    ] = 4
    width: Annotated[
        Count, Key("Width of queries, keys and values, all heads together", RESAMPLED, plans=True)
    ] = 64

    def __post_init__(self) -> None:
        if self.queries > self.window:
            raise ValueError(
                f"resampler.queries is {self.queries}, but a window has {self.window} tokens, so "
                "that more tokens would come out than go in; lower queries or raise window"
            )
        if self.width % self.heads:
            raise ValueError(
                f"resampler.heads is {self.heads}, which does not divide resampler.width "
                f"{self.width}"
            )

    def check_rates(self, rates: Sequence[int], what: str) -> None:
        """Raise InputError unless there is a query for every token of a window at all ``rates``.

        Args:
            rates: ascending.
            what: what they are, for the message.
        """
        for rate in rates:
            if rate > self.window:
                raise InputError(
                    f"{what} has {rate}, more than the resampler.window of {self.window} tokens, "
                    "which would give none; raise the window"
                )
            if rate * self.queries < self.window:
                raise InputError(
                    f"{what} has {rate}, at which a window of {self.window} tokens gives "
                    f"{self.window // rate}, more than the {self.queries} of resampler.queries; "
                    "raise queries or lower the window"
                )

    def parameters(self, dim: int) -> int:
        """Trained parameters for one modality whose encoder tokens have width ``dim``."""
        learned = (self.window + self.queries) * self.width
        return learned + 2 * dim + 2 * (dim + 1) * self.width + (self.width + 1) * dim

    @property
    def code(self) -> str:
        """What differs from the defaults, as part of a model's name; "" if nothing does."""
        names = ("window", "queries", "heads", "width")
        usual = {name: type(self).__dataclass_fields__[name].default for name in names}
        own = {name: getattr(self, name) for name in names}
        return "-".join(f"{name}{own[name]}" for name in names if own[name] != usual[name])
