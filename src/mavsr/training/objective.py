"""What one training step minimises: scales, weights of their losses, modalities left out.

The loss is the mean over tasks of the weighted mean over the scales of a task that the step
computes. For one task it is that of Llama-MTSK (Eq. 5) and of MoME, with its c_ij; a task of
Omni-AVSR has one scale a step, and weights 1, 1.5 and 1 for ASR, VSR and AVSR.
"""

from collections import Counter
from dataclasses import dataclass

from mavsr.model.methods import method_of
from mavsr.model.scales import MODALITIES, OMNI, Scale, tasks_of
from mavsr.model.settings import ModelSettings
from mavsr.seeds import generator
from mavsr.training.settings import TrainingSettings


@dataclass(frozen=True)
class Objective:
    """The mean over ``scales`` of each one's cross-entropy times its weight."""

    scales: tuple[Scale, ...]
    weights: tuple[float, ...]
    """One for each scale; 1 where all of a single task count alike."""

    @classmethod
    def of(
        cls, model: ModelSettings, scales: list[Scale], training: TrainingSettings | None = None
    ) -> "Objective":
        """The objective over some scales of a model; without ``training`` all tasks count alike."""
        counts = Counter(scale.task for scale in scales)
        weights = []
        for scale in scales:
            task = 1.0
            if training and model.task == OMNI:
                task = getattr(training.task_weights, scale.task)
            # So that the mean over scales becomes one over tasks; exactly 1 for a single task.
            share = len(scales) / (len(counts) * counts[scale.task])
            weights.append(task * model.scale_weight(scale) * share)
        return cls(tuple(scales), tuple(weights))


def objective_at(
    model: ModelSettings, training: TrainingSettings, seed: int, step: int
) -> Objective:
    """What a step of training minimises: a function of its number, whatever came before it.

    Args:
        model: what is trained.
        training: says whether a step computes all scales or draws its rates.
        seed: of the run.
        step: number of the step, from 0.
    """
    scales = model.scales
    if draws_rates(model, training):
        draw = generator(seed, "rates", step)
        drawn = {}
        for modality in MODALITIES[model.task]:
            rates = model.rates(modality)
            drawn[modality] = rates[int(draw.integers(len(rates)))]
        scales = [
            Scale(**{modality: drawn[modality] for modality in MODALITIES[task]})
            for task in tasks_of(model.task)
        ]
    return Objective.of(model, scales, training)


def draws_rates(model: ModelSettings, training: TrainingSettings) -> bool:
    """Whether each step takes one rate per modality, not all scales."""
    if training.rates_per_step == "published":
        return method_of(model.method).omni
    return training.rates_per_step == "drawn"


def dropped_modality(training: TrainingSettings, seed: int, epoch: int, key: str) -> str | None:
    """The modality that audio-visual scales of a clip do without in an epoch, if any.

    It is drawn by seed, epoch and key, so that no batch, process or interruption changes it.
    """
    if not training.audio_dropout + training.video_dropout:
        return None
    place = generator(seed, "modality dropout", epoch, key).random()
    if place < training.audio_dropout:
        return "audio"
    return "video" if place < training.audio_dropout + training.video_dropout else None
