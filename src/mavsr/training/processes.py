"""Training by several processes, as ``torchrun`` starts them; by one, all of this does nothing.

Every process holds the whole model and takes its share of the clips of each batch. Losses and
gradients are sums over clips divided by the batch's number of tokens, so adding up the processes'
gives those of the batch, however many there are.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed


@dataclass(frozen=True)
class Processes:
    """This process among all that train one model."""

    rank: int
    count: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files."""
        return self.rank == 0

    def share(self, items: Sequence) -> list:
        """This process' part of ``items``, whose order should be by size."""
        return list(items[self.rank :: self.count])

    def total(self, values: torch.Tensor) -> torch.Tensor:
        """The sum of all processes' ``values``."""
        if self.count > 1:
            values = values.clone()
            distributed.all_reduce(values)
        return values

    def total_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Replace each gradient by the sum of all processes' gradients.

        What no process has a gradient of, such as a projector of a rate that the step did not draw,
        stays without one, so that the optimiser leaves it alone, as it does with one process.
        """
        if self.count == 1:
            return
        has = [float(parameter.grad is not None) for parameter in parameters]
        used = self.total(torch.tensor(has, device=self.device)).tolist()
        for parameter, processes in zip(parameters, used, strict=True):
            if processes and parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        gradients = [p.grad for p in parameters if p.grad is not None]
        # One message: most of these tensors are small.
        flat = self.total(torch.cat([gradient.flatten() for gradient in gradients]))
        for gradient, part in zip(
            gradients, flat.split([g.numel() for g in gradients]), strict=True
        ):
            gradient.copy_(part.view_as(gradient))

    def any(self, flag: bool) -> bool:
        """Whether it is true for one of the processes at least."""
        if self.count == 1:
            return flag
        return bool(self.total(torch.tensor(float(flag), device=self.device)))

    def wait(self) -> None:
        """Return when all processes have come here."""
        self.any(False)


ALONE = Processes(0, 1, torch.device("cpu"))
"""One process on a CPU."""


@contextmanager
def joined_processes() -> Iterator[Processes]:
    """Join the processes that ``torchrun`` started, if it did, and choose this one's device.

    GPUs talk through NCCL, CPUs through Gloo.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    else:
        device = torch.device("cpu")
    if count == 1:
        yield Processes(0, 1, device)
        return
    # Validation by beam search or a slow disk may keep one process busy while the others wait.
    distributed.init_process_group(
        "nccl" if device.type == "cuda" else "gloo", timeout=timedelta(hours=1)
    )
    try:
        yield Processes(distributed.get_rank(), count, device)
    finally:
        distributed.destroy_process_group()
