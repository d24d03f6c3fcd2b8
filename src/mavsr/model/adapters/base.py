"""What every adapter of a frozen LLM can do, whatever its method."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from mavsr.model.scales import Scale
from mavsr.model.settings import ModelSettings

KINDS = ("text", "audio", "video")
"""What a position of the LLM's input holds; markers, prompt and transcript are text."""


@dataclass(frozen=True)
class Positions:
    """What stands where in one forward pass of the LLM, for adapters that treat tokens one by one.

    A pass may hold several scales side by side, and tokens that several scales share.
    """

    scales: tuple[Scale, ...]
    """The scales computed in this pass."""
    belongs: torch.Tensor
    """(B, L, scales) bool: which scales a position is part of; padding is part of none."""
    kinds: torch.Tensor
    """(B, L) index into ``KINDS``."""


class Adapter(nn.Module, ABC):
    """Trainable modules in a frozen LLM, switched by scale.

    Args:
        settings: the model's; decides which scales there are.
    """

    def __init__(self, settings: ModelSettings):
        super().__init__()
        self.settings = settings
        self.positions: Positions | None = None

    def activate(self, scale: Scale) -> None:
        """Make the modules of ``scale`` act, and no others.

        Raises:
            InputError: the model does not serve this scale.
        """
        self.settings.check_scale(scale)
        self._switch(scale)

    @abstractmethod
    def weights(self, scale: Scale) -> str:
        """Name of the set of weights that acts at ``scale``.

        Scales of one name can be computed together, and what their sequences begin with alike, such
        as the audio at one rate, once.
        """

    @abstractmethod
    def _switch(self, scale: Scale) -> None: ...

    @abstractmethod
    def trainable(self) -> list[nn.Parameter]:
        """Every parameter that training changes, of active and inactive modules alike."""

    @abstractmethod
    def active_parameters(self, scale: Scale) -> int:
        """Parameters that act on one token at ``scale``, as the papers count them."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write all that was trained to ``folder``."""

    @abstractmethod
    def load(self, folder: Path) -> None:
        """Read what :meth:`save` wrote.

        Raises:
            InputError: a file is missing or is of another model.
        """

    @property
    def whole_batch(self) -> bool:
        """Whether :meth:`extra_loss` is one of all clips together, so that none may be left out."""
        return False

    @contextmanager
    def describe(self, positions: Positions) -> Iterator[None]:
        """State what the positions of the forward passes within hold.

        Under gradient checkpointing the backward pass must lie within too.
        """
        before, self.positions = self.positions, positions
        try:
            yield
        finally:
            self.positions = before

    def extra_loss(self) -> torch.Tensor | float:
        """The adapter's own loss in the pass last described, its weight included.

        It is the mean over the scales of that pass, as the cross-entropy it is added to should be;
        0 for adapters that have none, and where no gradient was computed.
        """
        return 0.0


def count_parameters(parameters: Sequence[torch.Tensor]) -> int:
    """Sum of elements."""
    return sum(parameter.numel() for parameter in parameters)
