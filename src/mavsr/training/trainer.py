"""The optimisation loop: every batch at its step's scales, resumable at any saved step."""

import logging
import math
import signal
import time
from collections.abc import Mapping, Sequence

import torch

from mavsr.command import progress
from mavsr.errors import InputError
from mavsr.features.mixed import epoch_keys
from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.training.batches import plan_batches
from mavsr.training.events import Report
from mavsr.training.loader import load_batches
from mavsr.training.objective import Objective, dropped_modality, objective_at
from mavsr.training.plans import Plan, plan_for
from mavsr.training.precision import checkpoint_layers, computing, set_precision
from mavsr.training.processes import ALONE, Processes
from mavsr.training.settings import TrainingSettings
from mavsr.training.state import Progress, ResumeState
from mavsr.training.validation import unusable, validate


class Trainer:
    """Train a model on views of a training split.

    Args:
        model: the model, freshly built, on this process' device.
        settings: optimisation settings.
        seed: orders the batches, and draws rates and dropped modalities.
        views: one source per augmented view; epoch e uses view e mod len(views).
        validation: source whose loss is measured after every epoch.
        frames: key -> video frames, to fill batches.
        shares: corpus -> its share of the frames of an epoch; empty takes every clip once.
        resume: where the state of an interrupted run is kept.
        processes: this process among all that train the model.
        plan: how losses are computed; None takes what suits model and device.
        report: called with every row of ``metrics.csv`` once it is known; after an interruption
            with those of the earlier steps first.
    """

    def __init__(
        self,
        model: MatryoshkaModel,
        settings: TrainingSettings,
        seed: int,
        views: Sequence[Mapping[str, Utterance]],
        validation: Mapping[str, Utterance],
        frames: Mapping[str, int],
        resume: ResumeState,
        processes: Processes = ALONE,
        plan: Plan | None = None,
        report: Report | None = None,
        shares: Mapping[str, float] | None = None,
    ):
        self.model, self.settings, self.processes = model, settings, processes
        self.seed = seed
        self.views, self.validation, self.resume = views, validation, resume
        self.report = report or (lambda row: None)
        self.plan = plan or plan_for(model, processes.device, settings.pack_tokens)
        set_precision(model, settings.precision)
        if settings.gradient_checkpointing:
            checkpoint_layers(model)
        self.parameters = model.trainable()
        self.every_scale = Objective.of(model.settings, model.settings.scales, settings)
        self.steps = [
            (epoch, batch)
            for epoch in range(settings.epochs)
            for batch in plan_batches(
                frames,
                settings.batch_frames,
                seed,
                epoch,
                epoch_keys(frames, shares, seed, epoch) if shares else None,
            )
        ]
        self.optimizer = torch.optim.AdamW(
            self.parameters,
            lr=settings.learning_rate,
            betas=settings.betas,
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self.progress = Progress()
        self.earlier_s = 0.0
        """Seconds that earlier calls of this run took."""
        self._started = time.monotonic()
        self._stop = False

    def learning_rate(self, step: int) -> float:
        """Linear warm-up, then half a cosine: zero after the last step (``step`` counts from 0)."""
        steps, warmup = len(self.steps), self.settings.warmup * len(self.steps)
        if step < warmup:
            return self.settings.learning_rate * (step + 1) / (warmup + 1)
        done = (step - warmup) / max(steps - warmup, 1)
        return self.settings.learning_rate * 0.5 * (1 + math.cos(math.pi * done))

    @property
    def kept_epoch(self) -> int | None:
        """The epoch whose weights :meth:`run` leaves, from 0 as in ``metrics.csv``."""
        return self.settings.epochs - 1 if self.progress.best is None else self.progress.best_epoch

    def run(self) -> list[dict]:
        """Train to the end, from the last saved step if there is one.

        Returns:
            the rows of ``metrics.csv``.

        Raises:
            InputError: a loss or gradient is no longer finite; the message names step and clips.
            SystemExit: SIGTERM arrived; the state is saved, and status 143 returned.
        """
        end = len(self.steps)
        self.progress = self.resume.load(self.parameters, self.optimizer, end)
        start, self.earlier_s = self.progress.step, self.progress.seconds
        for row in self.progress.rows:
            self.report(row)
        if start:
            logging.info("resuming at step %d of %d", start, end)
        previous = signal.signal(signal.SIGTERM, self._request_stop)
        saved = time.monotonic()
        try:
            batches = load_batches(
                self.views,
                self.steps,
                start,
                self.processes.rank,
                self.processes.count,
                self.settings.workers,
            )
            for batch in progress(batches, end - start, "training steps"):
                epoch, keys = self.steps[self.progress.step]
                self._step(epoch, keys, batch)
                step = self.progress.step
                if step == end or self.steps[step][0] != epoch:
                    self._validate(epoch)
                stop = self.processes.any(self._stop)
                if stop or time.monotonic() - saved > self.settings.save_every_s:
                    self._save()
                    saved = time.monotonic()
                if stop:
                    logging.warning("stopped at step %d of %d; run again", step, end)
                    raise SystemExit(128 + signal.SIGTERM)
        finally:
            signal.signal(signal.SIGTERM, previous)
        self._take_best()
        return self.progress.rows

    def losses(
        self, batch: Sequence[Utterance], backward: bool, objective: Objective | None = None
    ) -> torch.Tensor:
        """Losses (scales,) of the batch of which this process has ``batch``; all add gradients.

        Args:
            batch: clips, on this process' device.
            backward: whether to compute gradients.
            objective: the scales and their weights; None is all scales.
        """
        objective = objective or self.every_scale
        targets = self.model.count_targets(batch)
        total = int(self.processes.total(torch.tensor(targets, device=self.processes.device)))
        if not batch:  # of a small batch there may not be one clip for each process
            mine = torch.zeros(len(objective.scales), device=self.processes.device)
        else:
            with computing(self.processes.device, self.settings.precision):
                mine = self.plan.losses(
                    self.model, batch, total, torch.Tensor.backward if backward else None, objective
                )
        return self.processes.total(mine)

    def _step(self, epoch: int, keys: Sequence[str], batch: Sequence[Utterance]) -> None:
        rate = self.learning_rate(self.progress.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        objective = objective_at(self.model.settings, self.settings, self.seed, self.progress.step)
        batch = [self._placed(utterance, epoch) for utterance in batch]
        losses = self.losses(batch, True, objective)
        for scale, loss in zip(objective.scales, losses.tolist(), strict=True):
            self._check(loss, "the loss", f"scale {scale.name}, clips", keys)
            self._record("train", epoch, scale.name, loss, rate)
        self.processes.total_gradients(self.parameters)
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.settings.clip)
        self._check(float(norm), "the norm of the gradients", "clips", keys)
        self.optimizer.step()
        self.progress.step += 1

    def _check(self, value: float, what: str, where: str, keys: Sequence[str]) -> None:
        """Stop before a value that is no number reaches the weights."""
        if not math.isfinite(value):
            raise InputError(
                f"{what} is {value} at step {self.progress.step}, {where} {', '.join(keys)}; lower "
                "training.learning_rate or check these clips' features"
            )

    def _placed(self, utterance: Utterance, epoch: int) -> Utterance:
        """The utterance on this process' device, in the type that projectors take: moved once.

        Modality dropout decides here what audio-visual scales do without.
        """
        tokens = {m: x.to(self.model.markers) for m, x in utterance.tokens.items()}
        dropped = dropped_modality(self.settings, self.seed, epoch, utterance.key)
        return Utterance(utterance.key, utterance.text, tokens, dropped)

    def _validate(self, epoch: int) -> None:
        if not len(self.validation):
            return
        scores = validate(
            self.model,
            self.plan,
            self.validation,
            self.settings.validation_utterances,
            self.processes,
            computing(self.processes.device, self.settings.precision),
        )
        for scale, score in zip(self.model.settings.scales, scores, strict=True):
            if not math.isfinite(score.loss):
                spoilt = ", ".join(unusable(self.validation)) or "none"
                raise InputError(
                    f"after epoch {epoch + 1} the validation loss at scale {scale.name} is "
                    f"{score.loss}; clips whose features are no finite numbers: {spoilt}. Make "
                    "these anew, or lower training.learning_rate"
                )
            self._record("val", epoch, scale.name, score.loss, 0.0, score.wer)
        mean = sum(score.loss for score in scores) / len(scores)
        logging.info("epoch %d: validation loss %.4f", epoch + 1, mean)
        if self.settings.checkpoint == "best" and mean < self.progress.best_loss:
            self.progress.best_loss, self.progress.best_epoch = mean, epoch
            self.progress.best = [p.detach().cpu().clone() for p in self.parameters]

    def _take_best(self) -> None:
        if self.progress.best is not None:
            for parameter, best in zip(self.parameters, self.progress.best, strict=True):
                parameter.data.copy_(best)

    def _record(
        self, split: str, epoch: int, scale: str, loss: float, rate: float, wer: float | None = None
    ) -> None:
        row = {
            "step": self.progress.step,
            "epoch": epoch,
            "split": split,
            "scale": scale,
            "loss": loss,
            "learning_rate": rate,
            "wer": None if wer is None or math.isnan(wer) else wer,
        }
        self.progress.rows.append(row)
        self.report(row)

    def _request_stop(self, *_: object) -> None:
        self._stop = True

    def _save(self) -> None:
        self.progress.seconds = self.earlier_s + time.monotonic() - self._started
        if self.processes.first:
            self.resume.save(self.parameters, self.optimizer, self.progress)
