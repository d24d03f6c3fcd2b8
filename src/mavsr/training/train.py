"""Command: train one model on cached features and write its folder."""

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import torch

from mavsr.command import run_command
from mavsr.features.join import UtteranceSource, cached_views, check_modalities
from mavsr.features.online import OnlineSettings, OnlineSource, online_views
from mavsr.features.origin import check_pooling, encoders_of
from mavsr.files import atomic, sha256, write_json
from mavsr.model.adapters.base import count_parameters
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.settings import ModelSettings
from mavsr.provenance import provenance
from mavsr.sources import code_digest
from mavsr.training.settings import TrainingSettings
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
    threads: int = 1,
) -> None:
    """Train a model; write adapters, projectors, ``metrics.csv`` and, last, ``run.json``.

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
        threads: CPU threads.
    """
    started = time.monotonic()
    torch.set_num_threads(threads)
    views = {m: paths for m, paths in (("audio", audio), ("video", video)) if paths}
    validation = {m: path for m, path in (("audio", audio_val), ("video", video_val)) if path}
    check_modalities(model.task, validation)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    sources: Sequence[UtteranceSource | OnlineSource]
    if online is None:
        check_modalities(model.task, views)
        sources = cached_views(train_manifest, views)
    else:
        check_modalities(model.task, online.encoders)
        sources = online_views(train_manifest, online, training.epochs, device)
    held_out = UtteranceSource(val_manifest, validation)
    encoders = encoders_of([*sources, held_out])
    check_pooling(model, sources[0])
    files = [train_manifest, val_manifest, *validation.values()]
    files += [path for paths in views.values() for path in paths]
    files += [path for path in (online.mouths, online.babble) if path] if online else []
    # The weights of a local LLM decide a run as much as its data; a hub model has its revision.
    files += sorted(Path(model.llm).glob("*.safetensors"))
    data = {str(path): sha256(path) for path in files}
    code = code_digest("mavsr.training.train")
    network = MatryoshkaModel(model, sources[0].dims).to(device)
    counts = {
        "adapters": count_parameters(network.adapter.trainable()),
        "projectors": count_parameters(list(network.projectors.parameters())),
    }
    logging.info("training on %s; trainable parameters: %s", device, counts)
    settings = {"model": model.to_dict(), "training": asdict(training)}
    identity = [settings, encoders, data, code]
    trainer = Trainer(
        network,
        training,
        model.seed,
        sources,
        held_out,
        sources[0].frames(),
        output / "resume" / "state.pt",
        hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest(),
    )
    rows = trainer.run()
    network.save(output)
    with atomic(output / "metrics.csv") as partial:
        pd.DataFrame(rows).to_csv(partial, index=False)
    write_json(
        output / "run.json",
        {
            **settings,
            "dims": sources[0].dims,
            "encoders": encoders,
            "data_sha256": data,
            "parameters": counts,
            "steps": len(trainer.plan),
            "seconds": round(time.monotonic() - started, 1),
            **provenance(),
        },
    )
    shutil.rmtree(output / "resume", ignore_errors=True)


if __name__ == "__main__":
    run_command(train)
