"""A checkpoint that the authors released becomes model folders of ours: ``mavsr import``."""

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from mavsr.checkpoints import identity
from mavsr.config.config import Config
from mavsr.files import atomic, sha256
from mavsr.importing.complete import check_complete
from mavsr.importing.encoders import write_encoders
from mavsr.importing.llm import check_sizes, read_tables
from mavsr.importing.models import fill, task_settings
from mavsr.importing.parts import read_parts
from mavsr.importing.places import check_disk, choose_places
from mavsr.importing.reading import Given, Reading, read_meaning
from mavsr.importing.setup import experiment_config, imported_setup
from mavsr.model.adapters.base import count_parameters
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.folder import write_run
from mavsr.model.llm import llm_folder
from mavsr.model.scales import MODALITIES
from mavsr.provenance import provenance

CONFIG = "config.yaml"
"""File in a model's folder: what a config needs for an experiment to show the model."""


def import_checkpoint(
    checkpoint: Path,
    llm: str,
    output: Path,
    given: Given,
    config: Config,
    numerics: str = "authors",
    encoders: Path | None = None,
    whisper: str = "openai/whisper-medium.en",
    avhubert_heads: int = 16,
    llm_revision: str | None = None,
) -> list[Path]:
    """Write a model folder for each task of a released checkpoint, and its encoders beside them.

    Args:
        checkpoint: a ``.pth``, or a ``.ckpt`` of Lightning; nothing in it is run.
        llm: folder or hub name of the LLM that it was trained over, which is not copied.
        output: model folder to write; new or empty. Of several tasks each is added to its name.
        given: what the user says of the checkpoint.
        config: says how single files are cropped and decoded by the new models.
        numerics: a profile of :mod:`mavsr.numerics`.
        encoders: folder for the encoders; ``<output>/../../encoders/<name>`` if not given.
        whisper: folder or hub name of the Whisper in it, for its config.json.
        avhubert_heads: attention heads of the AV-HuBERT in it.
        llm_revision: commit, tag or branch of an LLM on the hub.

    Returns:
        The model folders.

    Raises:
        InputError: checkpoint, LLM, disk or what was given do not suit; nothing is written then.
    """
    parts = read_parts(checkpoint)
    check_complete(parts)
    reading = read_meaning(parts, given)
    check_sizes(parts, llm, llm_revision)
    folders, shelf = choose_places(parts, output, encoders)
    tables = read_tables(parts, llm, llm_revision)
    check_disk(parts, tables, folders, shelf)
    about = {"checkpoint": checkpoint.name, "sha256": sha256(checkpoint), "kind": reading.kind}
    weights = identity(llm_folder(llm, llm_revision))
    # Nothing appears before everything is written; the working directory may be replaced then.
    with ExitStack() as stack:
        made_by: dict[str, dict[str, str]] = {}
        if parts.encoders:
            place = stack.enter_context(atomic(shelf.resolve()))
            made_by = write_encoders(parts, place, whisper, avhubert_heads, numerics)
        for task, folder in folders.items():
            settings = task_settings(parts, reading, task, llm, llm_revision, numerics)
            network = MatryoshkaModel(settings, {m: reading.dims[m] for m in MODALITIES[task]})
            fill(network, parts, reading, tables)
            description = {
                "encoders": {m: made_by[m] for m in MODALITIES[task] if m in made_by},
                "setup": imported_setup(config, settings, shelf, made_by),
                "llm_sha256": weights,
                "imported": about,
            }
            place = stack.enter_context(atomic(folder.resolve()))
            _write_model(network, place, reading, description)
            if description["setup"]:
                shown = experiment_config(folder.name, reading.kind, settings, shelf)
                text = yaml.safe_dump(shown, sort_keys=False)
                (place / CONFIG).write_text(text, encoding="utf-8")
    for folder in folders.values():
        print(f"{folder}: {reading.kind}, {reading.compression}, numerics {numerics}")
    if made_by:
        print(f"{shelf}: the encoders ({', '.join(made_by)})")
    for modality in parts.projectors.keys() - made_by.keys():
        logging.warning(
            "%s holds no %s encoder: give its models features of the one it was trained over",
            *(checkpoint, modality),
        )
    return list(folders.values())


def _write_model(
    network: MatryoshkaModel, folder: Path, reading: Reading, description: Mapping[str, Any]
) -> None:
    """Write a model folder as training does."""
    network.save(folder)
    write_run(
        folder,
        {
            "model": network.settings.to_dict(),
            "dims": {m: reading.dims[m] for m in MODALITIES[network.settings.task]},
            **description,
            "parameters": {
                "adapters": count_parameters(network.adapter.trainable()),
                "projectors": count_parameters(list(network.projectors.parameters())),
            },
            **provenance(),
        },
    )
