"""The state of an interrupted run: enough to go on as if nothing had happened."""

import logging
import pickle
from dataclasses import dataclass, field
from pathlib import Path

import torch

from mavsr.files import atomic


@dataclass
class Progress:
    """How far a run has come; saved and restored with the weights."""

    step: int = 0
    rows: list[dict] = field(default_factory=list)
    """``metrics.csv``: one row per (step, scale) and per (epoch, scale) of validation."""
    best_loss: float = float("inf")
    """Least validation loss, the mean over scales; of ``checkpoint: best`` alone."""
    best: list[torch.Tensor] | None = None
    """The trained weights that reached it."""


class ResumeState:
    """A file with weights, optimiser and progress.

    Args:
        path: the file. It is no declared output, because Snakemake removes those when a job fails.
        fingerprint: identifies settings and data; a state of another fingerprint is not resumed.
    """

    def __init__(self, path: Path, fingerprint: str):
        self.path, self.fingerprint = path, fingerprint

    def save(
        self,
        parameters: list[torch.nn.Parameter],
        optimizer: torch.optim.Optimizer,
        progress: Progress,
    ) -> None:
        """Write everything, under a temporary name first."""
        with atomic(self.path) as partial:
            torch.save(
                {
                    "fingerprint": self.fingerprint,
                    "progress": vars(progress),
                    "parameters": parameters,
                    "optimizer": optimizer.state_dict(),
                },
                partial,
            )

    def load(
        self, parameters: list[torch.nn.Parameter], optimizer: torch.optim.Optimizer
    ) -> Progress:
        """Restore weights and optimiser if there is a state of this run; return its progress."""
        if not self.path.is_file():
            return Progress()
        try:
            state = torch.load(self.path, weights_only=True, map_location="cpu")
        except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
            # A power cut may leave a file that was renamed before its content reached the disk.
            logging.warning("%s cannot be read (%s); starting afresh", self.path, error)
            return Progress()
        if state["fingerprint"] != self.fingerprint:
            logging.warning("%s is of other settings or data; starting afresh", self.path)
            return Progress()
        for parameter, saved in zip(parameters, state["parameters"], strict=True):
            parameter.data.copy_(saved)
        optimizer.load_state_dict(state["optimizer"])
        return Progress(**state["progress"])
