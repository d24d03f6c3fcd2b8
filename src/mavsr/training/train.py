"""Command: train one model on cached features and write its folder."""

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from mavsr.checkpoints import identity
from mavsr.command import run_command
from mavsr.features.join import UtteranceSource, cached_views, check_modalities
from mavsr.features.online import OnlineSettings, OnlineSource, online_views
from mavsr.features.origin import check_pooling, encoders_of
from mavsr.files import atomic, sha256
from mavsr.model.adapters.base import count_parameters
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.folder import write_run
from mavsr.model.llm import llm_folder
from mavsr.model.settings import ModelSettings
from mavsr.provenance import provenance
from mavsr.sources import code_digest
from mavsr.training.checks import check_lengths, check_logits, check_step
from mavsr.training.events import event_files
from mavsr.training.processes import Processes, joined_processes
from mavsr.training.settings import TrainingSettings, deciding_settings
from mavsr.training.staging import staged
from mavsr.training.state import ResumeState
from mavsr.training.trainer import Trainer


def train(
    output: Path,
    train_manifest: Path,
    val_manifest: Path,
    model: ModelSettings,
    training: TrainingSettings,
    audio: list[Path] | None = None,
    video: list[Path] | None = None,
    audio_val: Path | None = None,
    video_val: Path | None = None,
    online: OnlineSettings | None = None,
    setup: dict[str, Any] | None = None,
    threads: int = 1,
) -> None:
    """Train a model; write adapters, projectors, ``metrics.csv`` and, last, ``run.json``.

    Started by ``torchrun``, all its processes train the model together.

    Args:
        output: the model folder. ``resume/`` inside it holds the state of an interrupted run.
        train_manifest: manifest of the training split.
        val_manifest: manifest of the validation split.
        model: what to train.
        training: how to train it.
        audio: ``index.json`` of the audio features of every training view, in order.
        video: the same for video.
        audio_val: ``index.json`` of the validation split's audio features.
        video_val: the same for video.
        online: run the frozen encoders in this job, on views of its own every epoch, instead of
            reading ``audio`` and ``video``.
        setup: what the config calls corpus, encoders and LLM, and how crops, tokens and transcripts
            are made (:mod:`mavsr.recognition.setup`): kept in ``run.json``, changes no result.
        threads: CPU threads of each process; :mod:`mavsr.cluster.launch` starts several.
    """
    torch.set_num_threads(threads)
    features = {m: paths for m, paths in (("audio", audio), ("video", video)) if paths}
    held_out = {m: path for m, path in (("audio", audio_val), ("video", video_val)) if path}
    check_modalities(model.task, features if online is None else online.encoders)
    check_modalities(model.task, held_out)
    validation = UtteranceSource(val_manifest, held_out)
    files = [train_manifest, val_manifest, *held_out.values()]
    files += [path for paths in features.values() for path in paths]
    files += [path for path in (online.mouths, online.babble) if path] if online else []
    data = {str(path): sha256(path) for path in files}
    with ExitStack() as stack:
        processes = stack.enter_context(joined_processes())
        if training.local_features:
            features = stack.enter_context(staged(features, output, processes))
        views: Sequence[UtteranceSource | OnlineSource]
        if online is None:
            views = cached_views(train_manifest, features)
        else:
            views = online_views(train_manifest, online, training.epochs, processes.device)
            if processes.device.type == "cuda":  # which forked workers cannot use
                training = replace(training, workers=0)
        for source in (views[0], validation):
            check_pooling(model, source)
        inputs = {
            "data_sha256": data,
            # Weights and tokenizer of the LLM decide a run as much as its data.
            "llm_sha256": identity(llm_folder(model.llm, model.llm_revision)),
            "encoders": encoders_of([*views, validation]),
            # A cache's index, among the data, says how it was made; fresh views have no file.
            "online": online.to_dict() if online else None,
        }
        _train(output, model, training, views, validation, processes, inputs, setup)


def _train(
    output: Path,
    model: ModelSettings,
    training: TrainingSettings,
    views: Sequence[UtteranceSource | OnlineSource],
    validation: UtteranceSource,
    processes: Processes,
    inputs: dict[str, Any],
    setup: dict[str, Any] | None,
) -> None:
    started = time.monotonic()
    network = MatryoshkaModel(model, views[0].dims).to(processes.device)
    counts = {
        "adapters": count_parameters(network.adapter.trainable()),
        "projectors": count_parameters(list(network.projectors.parameters())),
    }
    logging.info("process %d of %d on %s", processes.rank + 1, processes.count, processes.device)
    logging.info("trainable parameters: %s", counts)
    settings = {"model": model.to_dict(), "training": asdict(training)}
    code = code_digest("mavsr.training.train")
    identity = [model.to_dict(), deciding_settings(training), inputs, code]
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
            hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest(),
        ),
        processes,
    )
    check_logits(network)
    check_lengths(trainer, views[0].lengths())
    check_step(trainer, frames)
    if not processes.first:
        trainer.run()
        return
    with event_files(output / "tensorboard", training.tensorboard) as trainer.report:
        rows = trainer.run()
    network.save(output)
    with atomic(output / "metrics.csv") as partial:
        pd.DataFrame(rows).to_csv(partial, index=False)
    write_run(
        output,
        {
            **settings,
            "setup": setup,
            "dims": views[0].dims,
            **inputs,
            "code": code,
            "parameters": counts,
            "plan": repr(trainer.plan),
            "steps": len(trainer.steps),
            "processes": processes.count,
            "device": str(processes.device),
            "seconds": round(time.monotonic() - started, 1),
            **provenance(),
        },
    )
    shutil.rmtree(output / "resume", ignore_errors=True)


if __name__ == "__main__":
    run_command(train)
