"""Command: train one model on cached features and write its folder.

:mod:`mavsr.training.train_online` trains without a cache, and shares :func:`fit`.
"""

import logging
import shutil
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from mavsr import checkpoints
from mavsr.command import run_command
from mavsr.features.join import by_modality, check_modalities
from mavsr.features.mixed import Source, parts_of, training_views, validation_source
from mavsr.features.origin import check_pooling, encoders_of
from mavsr.files import atomic, sha256
from mavsr.model.adapters.base import count_parameters
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.folder import METRICS, write_run
from mavsr.model.llm import llm_folder
from mavsr.model.settings import ModelSettings
from mavsr.provenance import provenance
from mavsr.training.checks import check_lengths, check_logits, check_step, memory_advice
from mavsr.training.events import event_files, told_to
from mavsr.training.live import live_metrics
from mavsr.training.processes import Processes, joined_processes
from mavsr.training.settings import TrainingSettings
from mavsr.training.staging import staged
from mavsr.training.state import ResumeState, fingerprint
from mavsr.training.trainer import Trainer
from mavsr.workflow.code import code_digest

if TYPE_CHECKING:
    from mavsr.features.online import OnlineSource


def train(
    output: Path,
    train_manifest: list[Path],
    val_manifest: list[Path],
    model: ModelSettings,
    training: TrainingSettings,
    audio: list[Path] | None = None,
    video: list[Path] | None = None,
    audio_val: list[Path] | None = None,
    video_val: list[Path] | None = None,
    shares: dict[str, float] | None = None,
    setup: dict[str, Any] | None = None,
    threads: int = 1,
) -> None:
    """Train a model; write adapters, projectors, ``metrics.csv`` and, last, ``run.json``.

    Started by ``torchrun``, all its processes train the model together.

    Args:
        output: the model folder. ``resume/`` inside it holds the state of an interrupted run.
        train_manifest: manifest of the training split of each corpus.
        val_manifest: manifest of the validation split of each, in the same order.
        model: what to train.
        training: how to train it.
        audio: ``index.json`` of the audio features of every training view, in order, of one corpus
            after the other.
        video: the same for video.
        audio_val: ``index.json`` of the validation split's audio features, of each corpus.
        video_val: the same for video.
        shares: corpus -> its share of the hours of an epoch; if not given, every clip occurs once.
        setup: what the config calls corpus, encoders and LLM, and how crops, tokens and transcripts
            are made (:mod:`mavsr.workflow.setup`): kept in ``run.json``, changes no result.
        threads: CPU threads of each process; :mod:`mavsr.cluster.launch` starts several.
    """
    torch.set_num_threads(threads)
    features = by_modality(audio, video)
    check_modalities(model.task, features)
    held_out = by_modality(audio_val, video_val)
    files = [*train_manifest, *val_manifest]
    files += [path for paths in (*held_out.values(), *features.values()) for path in paths]
    command = "mavsr.training.train"
    with joined_processes() as processes:
        near = staged(features, output, processes) if training.local_features else None
        with near or nullcontext(features) as places:
            views = training_views(train_manifest, places)
            validation = validation_split(model, val_manifest, held_out)
            inputs: dict[str, Any] = {"data_sha256": data_digests(files), "online": None}
            if shares:
                inputs["shares"] = shares
            fit(command, output, model, training, views, validation, processes, inputs, setup)


def validation_split(
    model: ModelSettings, manifests: list[Path], features: dict[str, list[Path]]
) -> Source:
    """The validation split; its features are cached whatever the training split's are."""
    check_modalities(model.task, features)
    return validation_source(manifests, features)


def data_digests(files: list[Path]) -> dict[str, str]:
    """Path -> SHA-256 of all data that is read."""
    return {str(path): sha256(path) for path in files}


def fit(
    command: str,
    output: Path,
    model: ModelSettings,
    training: TrainingSettings,
    views: "Sequence[Source | OnlineSource]",
    validation: Source,
    processes: Processes,
    inputs: dict[str, Any],
    setup: dict[str, Any] | None,
) -> None:
    """Train a model on views of a split and write its folder.

    Args:
        command: module whose code trains it, for the record.
        output: the model folder.
        model: what to train.
        training: how to train it.
        views: one source per augmented view of the training split.
        validation: the validation split.
        processes: this process among all that train the model.
        inputs: what decides the run besides settings, as JSON.
        setup: see :func:`train`.

    Raises:
        InputError: features do not suit the model, or a check before or during training fails.
    """
    started = time.monotonic()
    for split in (*views, validation):
        for source in parts_of(split):
            check_pooling(model, source)
    # Weights and tokenizer of the LLM decide a run as much as its data.
    llm = checkpoints.identity(llm_folder(model.llm, model.llm_revision))
    inputs = {**inputs, "llm_sha256": llm, "encoders": encoders_of([*views, validation])}
    network = MatryoshkaModel(model, views[0].dims).to(processes.device)
    logging.info("process %d of %d on %s", processes.rank + 1, processes.count, processes.device)
    counts = _count_trained(network)
    frames = views[0].frames()
    trainer = Trainer(
        network,
        training,
        model.seed,
        views,
        validation,
        frames,
        ResumeState(
            output / "resume" / "state.pt",
            fingerprint(model, training, inputs),
            code_digest(command),
        ),
        processes,
        shares=inputs.get("shares"),
    )
    check_logits(network)
    check_lengths(trainer, views[0].lengths())
    check_step(trainer, frames)
    if not processes.first:
        with memory_advice(trainer):
            trainer.run()
        return
    rows = _run_told(trainer, output)
    network.save(output)
    with atomic(output / METRICS) as partial:
        pd.DataFrame(rows).to_csv(partial, index=False)
    write_run(
        output,
        {
            "model": model.to_dict(),
            "training": asdict(training),
            "setup": setup,
            "dims": views[0].dims,
            **inputs,
            "code": trainer.progress.code,
            "parameters": counts,
            "plan": repr(trainer.plan),
            "steps": len(trainer.steps),
            "kept_epoch": trainer.kept_epoch,
            "processes": processes.count,
            "device": str(processes.device),
            "seconds": round(trainer.earlier_s + time.monotonic() - started, 1),
            **provenance(),
        },
    )
    shutil.rmtree(output / "resume", ignore_errors=True)


def _count_trained(network: MatryoshkaModel) -> dict[str, int]:
    counts = {
        "adapters": count_parameters(network.adapter.trainable()),
        "projectors": count_parameters(list(network.projectors.parameters())),
        "compressors": count_parameters(list(network.compressors.parameters())),
    }
    logging.info("trainable parameters: %s", counts)
    return counts


def _run_told(trainer: Trainer, output: Path) -> list[dict]:
    """Train; whoever looks into the model folder meanwhile sees every loss once it is known."""
    with (
        event_files(output / "tensorboard", trainer.settings.tensorboard) as events,
        live_metrics(output / METRICS, len(trainer.steps)) as live,
        memory_advice(trainer),
    ):
        trainer.report = told_to(events, live)
        return trainer.run()


if __name__ == "__main__":
    run_command(train)
