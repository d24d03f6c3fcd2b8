"""Take over a model that has no digests yet, or give a model another setup, after a look at it.

The look: the model is whole and of its LLM, its weights are finite, and an encoder of the config
has the weights that its training recorded. What was damaged before cannot be seen by this; so it is
done by a person who knows where the folder comes from, and never by a job.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from mavsr.checkpoints import identity
from mavsr.config.config import Config
from mavsr.config.llms import Llm
from mavsr.config.read import plain
from mavsr.encoders import EncoderSettings, load_encoder
from mavsr.errors import InputError
from mavsr.features.extract import origin
from mavsr.features.settings import ExtractSettings
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.folder import (
    METRICS,
    RUN,
    ModelFolder,
    changed_files,
    file_digests,
    read_unsealed,
    write_run,
)
from mavsr.model.llm import llm_folder
from mavsr.model.scales import MODALITIES
from mavsr.recognition.clip import CLEAN
from mavsr.workflow.setup import FEATURES, describe_setup


def seal(path: Path, config: Config) -> dict[str, str]:
    """Write setup and digests into a model's ``run.json``, which keeps its time of change.

    The time is kept because nothing that training made has changed: no job is to run again.

    Args:
        path: folder of the model.
        config: checked; the one that the model was trained with.

    Returns:
        Path within the folder -> SHA-256 of every file that is sealed.

    Raises:
        InputError: a file is missing, damaged or of another model, the model was imported, or the
            config has another LLM or other encoders than the model was trained on.
    """
    folder = read_unsealed(path)
    changed = changed_files(path, folder.run.get("files", {}))
    if changed:
        name, trouble = next(iter(changed.items()))
        raise InputError(f"{path / name} {trouble}, so it is not sealed; {folder.remedy()}")
    if "imported" in folder.run:
        raise InputError(
            f"{path} was imported, which has sealed it; to give it another setup, import the "
            "checkpoint again with that --configfile"
        )
    if METRICS not in file_digests(path):
        raise InputError(f"{path / METRICS} is missing, so the training was not finished")
    llm = _llm_name(folder, config)
    named = config.llms[llm]
    weights = identity(llm_folder(named.path, named.revision))
    if folder.run.get("llm_sha256", weights) != weights:
        raise InputError(
            f"{path} was trained over another LLM than llms.{llm} of the config ({named.path}); "
            "give the --configfile that it was trained with"
        )
    model = {**folder.run["model"], "llm": named.path, "llm_revision": named.revision}
    _look(folder, named)
    earlier = folder.run.get("setup") or {}
    setup = describe_setup(config, earlier.get("corpora", []), _encoder_names(folder, config), llm)
    times = (path / RUN).stat()
    write_run(path, {**folder.run, "model": model, "setup": setup, "llm_sha256": weights})
    os.utime(path / RUN, ns=(times.st_atime_ns, times.st_mtime_ns))
    return file_digests(path)


def _look(folder: ModelFolder, llm: Llm) -> None:
    """Load the model as a job would, and look at every trained number."""
    settings = replace(folder.settings, llm=llm.path, llm_revision=llm.revision)
    network = MatryoshkaModel(settings, folder.dims)
    network.load(folder.path)
    for name, parameter in network.named_parameters():
        if not torch.isfinite(parameter).all():
            raise InputError(
                f"{folder.path}: {name} holds numbers that are not finite, so the model is "
                f"damaged; {folder.remedy()}"
            )


def _llm_name(folder: ModelFolder, config: Config) -> str:
    """What the config calls the model's LLM: by its path, else the one that it sets up."""
    path, held = folder.run["model"]["llm"], folder.settings.quantization
    names = [name for name, section in config.llms.items() if section.path == path]
    names.sort(key=lambda name: config.llms[name].quantization != held)
    return names[0] if names else config.setup.llm


def _encoder_names(folder: ModelFolder, config: Config) -> dict[str, str]:
    """Modality -> the config's encoder that made the tokens which the model was trained on."""
    found = {}
    for modality in MODALITIES[folder.settings.task]:
        trained_on = folder.encoders.get(modality)
        if not trained_on:
            raise InputError(
                f"{folder.path / RUN} does not say which {modality} encoder the model was trained "
                "on, so it cannot be looked for; train the model again"
            )
        names = [n for n, s in config.encoders.items() if s.modality == modality]
        first = getattr(config.setup, f"{modality}_encoder")
        names.sort(key=lambda name: name != first)
        fitting = (name for name in names if _made(config, name, trained_on))
        if (chosen := next(fitting, None)) is None:
            raise InputError(
                f"{folder.path} was trained on another {modality} encoder (weights "
                f"{trained_on.get('weights', '?')[:12]}...) than those of the config "
                f"({', '.join(names)}); give the --configfile that it was trained with"
            )
        found[modality] = chosen
    return found


def _made(config: Config, name: str, trained_on: Mapping[str, Any]) -> bool:
    """Whether an encoder of the config makes the tokens that a model was trained on."""
    settings = EncoderSettings(**plain(config.encoders[name]))
    extraction = ExtractSettings(**{key: getattr(config.features, key) for key in FEATURES})
    try:
        encoder = load_encoder(settings, "cpu", extraction.long_clips == "split")
    except InputError:
        return False  # not here, so it cannot be the one
    made_by = origin(encoder, settings, CLEAN, extraction)
    return all(made_by.get(key) == value for key, value in trained_on.items())
