"""The state of an interrupted run: enough to go on as if nothing had happened."""

import hashlib
import io
import json
import logging
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from mavsr.files import atomic, sha256
from mavsr.model.settings import ModelSettings
from mavsr.training.settings import TrainingSettings, deciding_settings

_DIGEST_BYTES = 64
"""Of the hexadecimal SHA-256 at the end of the file."""


class _GivenUpError(Exception):
    """A state is not to be used; the message says why."""


@dataclass
class Progress:
    """How far a run has come; saved and restored with the weights."""

    step: int = 0
    """Steps that are done."""
    steps: int = 0
    """Steps of the whole run."""
    rows: list[dict] = field(default_factory=list)
    """``metrics.csv``: one row per (step, scale) and per (epoch, scale) of validation."""
    best_loss: float = float("inf")
    """Least validation loss, the mean over scales; of ``checkpoint: best`` alone."""
    best: list[torch.Tensor] | None = None
    """The trained weights that reached it."""
    best_epoch: int | None = None
    """The epoch that ended with them, from 0; None too where an earlier version saved ``best``."""
    seconds: float = 0.0
    """Time spent until it was saved, over all calls."""
    code: list[dict] = field(default_factory=list)
    """``digest`` of each code that the run was trained by, and the step ``from_step`` that it began
    at."""


def fingerprint(model: ModelSettings, training: TrainingSettings, inputs: Mapping[str, Any]) -> str:
    """What identifies settings and data of a run.

    Args:
        model: what is trained.
        training: how; only what decides the result counts.
        inputs: digests of features and LLM, as JSON knows them.
    """
    text = json.dumps([model.to_dict(), deciding_settings(training), inputs], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class ResumeState:
    """A file with weights, optimiser and progress, sealed by a checksum of its own.

    A state is whole or given up: damage that leaves its structure intact would give other weights.
    It does not depend on code: a run goes on after an update of this project, and says so.

    Args:
        path: the file. It is no declared output, because Snakemake removes those when a job fails.
        fingerprint: identifies settings and data; a state of another fingerprint is not resumed.
        code: digest of the code that this process runs, for the record.
    """

    def __init__(self, path: Path, fingerprint: str, code: str):
        self.path, self.fingerprint, self.code = path, fingerprint, code

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
                    "parameters": [parameter.detach() for parameter in parameters],
                    "optimizer": optimizer.state_dict(),
                },
                partial,
            )
            digest = sha256(partial)
            with partial.open("ab") as file:
                file.write(digest.encode())

    def load(
        self, parameters: list[torch.nn.Parameter], optimizer: torch.optim.Optimizer, steps: int
    ) -> Progress:
        """Restore weights and optimiser if there is a state of this run.

        Args:
            parameters: what is trained.
            optimizer: of these parameters.
            steps: of the whole run.

        Returns:
            how far the run has come.
        """
        start = Progress(steps=steps, code=[{"digest": self.code, "from_step": 0}])
        if not self.path.is_file():
            return start
        try:
            state = self._read(parameters, steps)
        except _GivenUpError as reason:
            logging.warning("%s %s; starting afresh", self.path, reason)
            return start
        for parameter, saved in zip(parameters, state["parameters"], strict=True):
            parameter.data.copy_(saved)
        optimizer.load_state_dict(state["optimizer"])
        progress = Progress(**state["progress"])
        if progress.code[-1]["digest"] != self.code:
            logging.warning(
                "the code has changed since this run began; it goes on with the new code from step "
                "%d, as run.json will say",
                progress.step,
            )
            progress.code.append({"digest": self.code, "from_step": progress.step})
        return progress

    def _read(self, parameters: list[torch.nn.Parameter], steps: int) -> dict[str, Any]:
        """The state in the file.

        Raises:
            _GivenUpError: it is damaged, or of another run, or of a version that kept other things.
        """
        content = self.path.read_bytes()
        content, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
        if hashlib.sha256(content).hexdigest().encode() != digest:
            raise _GivenUpError("is damaged or of an earlier version: its checksum is another one")
        try:
            state = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
        except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise _GivenUpError(f"cannot be read ({error})") from error
        if state["fingerprint"] != self.fingerprint:
            raise _GivenUpError("is of other settings or data")
        since_added = {"seconds", "best_epoch"}
        known = set(vars(Progress()))
        shapes = [parameter.shape for parameter in parameters]
        if (
            set(state["progress"]) | since_added != known
            or state["progress"]["steps"] != steps
            or [saved.shape for saved in state["parameters"]] != shapes
        ):
            raise _GivenUpError("is of code that trains other weights or other steps")
        return state
