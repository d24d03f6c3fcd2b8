"""Command: train one model with the frozen encoders inside, instead of on cached features.

A command of its own, so that what encoders and augmentation do is no part of the code that training
on a cache runs.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from mavsr.command import run_command
from mavsr.features.join import by_modality, check_modalities
from mavsr.features.online import OnlineSettings, online_views
from mavsr.model.settings import ModelSettings
from mavsr.training.processes import joined_processes
from mavsr.training.settings import TrainingSettings
from mavsr.training.train import data_digests, fit, validation_split


def train_online(
    output: Path,
    train_manifest: Path,
    val_manifest: Path,
    model: ModelSettings,
    training: TrainingSettings,
    online: OnlineSettings,
    audio_val: list[Path] | None = None,
    video_val: list[Path] | None = None,
    setup: dict[str, Any] | None = None,
    threads: int = 1,
) -> None:
    """Train as :func:`mavsr.training.train.train` does, on views that are new in every epoch.

    Args:
        output: the model folder. ``resume/`` inside it holds the state of an interrupted run.
        train_manifest: manifest of the training split.
        val_manifest: manifest of the validation split.
        model: what to train.
        training: how to train it.
        online: what the frozen encoders encode in this job, and how.
        audio_val: ``index.json`` of the validation split's audio features.
        video_val: the same for video.
        setup: as for cached features.
        threads: CPU threads of each process; :mod:`mavsr.cluster.launch` starts several.
    """
    torch.set_num_threads(threads)
    check_modalities(model.task, online.encoders)
    held_out = by_modality(audio_val, video_val)
    files = [train_manifest, val_manifest, *(path for found in held_out.values() for path in found)]
    files += [path for path in (online.mouths, online.babble) if path]
    with joined_processes() as processes:
        views = online_views(train_manifest, online, training.epochs, processes.device)
        if processes.device.type == "cuda":  # which forked workers cannot use
            training = replace(training, workers=0)
        validation = validation_split(model, [val_manifest], held_out)
        # A cache's index, among the data, says how it was made; fresh views have no file.
        inputs = {"data_sha256": data_digests(files), "online": online.to_dict()}
        command = "mavsr.training.train_online"
        fit(command, output, model, training, views, validation, processes, inputs, setup)


if __name__ == "__main__":
    run_command(train_online)
