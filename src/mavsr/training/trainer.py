"""The optimisation loop: every scale of every batch, resumable at any saved step."""

import logging
import math
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import mul
from pathlib import Path

import torch

from mavsr.command import progress
from mavsr.errors import InputError
from mavsr.files import atomic
from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.training.batches import plan_batches
from mavsr.training.settings import TrainingSettings


@dataclass
class Progress:
    """How far a run has come; saved and restored with the weights."""

    step: int = 0
    rows: list[dict] = field(default_factory=list)
    """``metrics.csv``: one row per (step, scale) and per (epoch, scale) of validation."""


class Trainer:
    """Train a model on views of a training split.

    Args:
        model: the model, freshly built.
        settings: optimisation settings.
        seed: orders the batches.
        views: one source per augmented view; epoch e uses view e mod len(views).
        validation: source whose loss is measured after every epoch.
        frames: key -> video frames, to fill batches.
        resume: file that holds the resume state. It is no declared output, because Snakemake
            removes those when a job fails.
        fingerprint: identifies settings and data; a state of another fingerprint is not resumed.
    """

    def __init__(
        self,
        model: MatryoshkaModel,
        settings: TrainingSettings,
        seed: int,
        views: Sequence[Mapping[str, Utterance]],
        validation: Mapping[str, Utterance],
        frames: dict[str, int],
        resume: Path,
        fingerprint: str,
    ):
        self.model, self.settings = model, settings
        self.views, self.validation = views, validation
        self.resume, self.fingerprint = resume, fingerprint
        self.parameters = model.trainable()
        self.plan = [
            (epoch, batch)
            for epoch in range(settings.epochs)
            for batch in plan_batches(frames, settings.batch_frames, seed, epoch)
        ]
        self.optimizer = torch.optim.AdamW(
            self.parameters,
            lr=settings.learning_rate,
            betas=settings.betas,
            weight_decay=settings.weight_decay,
        )
        self.progress = Progress()
        self._stop = False

    def learning_rate(self, step: int) -> float:
        """Linear warm-up, then cosine to zero at the last step."""
        steps, warmup = len(self.plan), self.settings.warmup * len(self.plan)
        if step < warmup:
            return self.settings.learning_rate * (step + 1) / (warmup + 1)
        done = (step - warmup) / max(steps - warmup, 1)
        return self.settings.learning_rate * 0.5 * (1 + math.cos(math.pi * done))

    def run(self) -> list[dict]:
        """Train to the end, from the last saved step if there is one.

        Returns:
            the rows of ``metrics.csv``.

        Raises:
            InputError: the loss is no longer finite; the message names step and clips.
            SystemExit: SIGTERM arrived; the state is saved, and status 143 returned.
        """
        self._load()
        previous = signal.signal(signal.SIGTERM, self._request_stop)
        saved = time.monotonic()
        try:
            remaining = self.plan[self.progress.step :]
            for epoch, batch in progress(remaining, len(remaining), "training steps"):
                self._step(epoch, [self.views[epoch % len(self.views)][key] for key in batch])
                step = self.progress.step
                if step == len(self.plan) or self.plan[step][0] != epoch:
                    self._validate(epoch)
                if self._stop or time.monotonic() - saved > self.settings.save_every_s:
                    self._save()
                    saved = time.monotonic()
                if self._stop:
                    logging.warning("stopped at step %d of %d; run again", step, len(self.plan))
                    raise SystemExit(128 + signal.SIGTERM)
        finally:
            signal.signal(signal.SIGTERM, previous)
        return self.progress.rows

    def _step(self, epoch: int, batch: list[Utterance]) -> None:
        rate = self.learning_rate(self.progress.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        scales = self.model.settings.scales
        for scale in scales:
            # Backward per scale frees its graph: memory does not grow with the number of scales.
            loss = self.model.loss(batch, scale)
            if not torch.isfinite(loss):
                raise InputError(
                    f"the loss is {loss.item()} at step {self.progress.step}, scale {scale.name}, "
                    f"clips {', '.join(u.key for u in batch)}; lower training.learning_rate or "
                    "check these clips' features"
                )
            (loss * self.model.settings.scale_weight(scale) / len(scales)).backward()
            self._record("train", epoch, scale.name, loss.item(), rate)
        torch.nn.utils.clip_grad_norm_(self.parameters, self.settings.clip)
        self.optimizer.step()
        self.progress.step += 1

    @torch.no_grad()
    def _validate(self, epoch: int) -> None:
        clips = [self.validation[key] for key in self.validation]
        if not clips:
            return
        means = []
        for scale in self.model.settings.scales:
            chunks = [clips[i : i + 32] for i in range(0, len(clips), 32)]
            sizes = [self.model.count_targets(chunk) for chunk in chunks]
            losses = [self.model.loss(chunk, scale).item() for chunk in chunks]
            means.append(sum(map(mul, losses, sizes)) / sum(sizes))
            self._record("val", epoch, scale.name, means[-1], 0.0)
        logging.info("epoch %d: validation loss %.4f", epoch + 1, sum(means) / len(means))

    def _record(self, split: str, epoch: int, scale: str, loss: float, rate: float) -> None:
        self.progress.rows.append(
            {
                "step": self.progress.step,
                "epoch": epoch,
                "split": split,
                "scale": scale,
                "loss": loss,
                "learning_rate": rate,
            }
        )

    def _request_stop(self, *_: object) -> None:
        self._stop = True

    def _save(self) -> None:
        with atomic(self.resume) as partial:
            torch.save(
                {
                    "fingerprint": self.fingerprint,
                    "step": self.progress.step,
                    "rows": self.progress.rows,
                    "parameters": self.parameters,
                    "optimizer": self.optimizer.state_dict(),
                },
                partial,
            )

    def _load(self) -> None:
        if not self.resume.is_file():
            return
        state = torch.load(self.resume, weights_only=True)
        if state["fingerprint"] != self.fingerprint:
            logging.warning("%s is of other settings or data; starting afresh", self.resume)
            return
        for parameter, saved in zip(self.parameters, state["parameters"], strict=True):
            parameter.data.copy_(saved)
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(state["step"], state["rows"])
        logging.info("resuming at step %d of %d", self.progress.step, len(self.plan))
