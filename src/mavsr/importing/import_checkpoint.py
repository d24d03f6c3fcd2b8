"""Command: a checkpoint that the authors released becomes models of ours.

``mavsr import --checkpoint model_avg_1.pth --llm meta-llama/Llama-3.2-1B --audio_rates 4 16
--video_rates 2 5 --alpha 4 --output results/training/llama-mtsk``
"""

import logging
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.files import atomic, sha256, write_json
from mavsr.importing.encoders import NAMES, load_written, write_avhubert, write_whisper
from mavsr.importing.llm import added_tables, check_prompts, check_sizes
from mavsr.importing.models import fill, task_settings
from mavsr.importing.parts import Parts, Tensors, read_parts
from mavsr.importing.reading import Given, Reading, read_meaning
from mavsr.model.adapters.base import count_parameters
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.scales import TASKS
from mavsr.model.sequence import PROMPTS
from mavsr.provenance import provenance

KINDS = {"audio": "whisper", "video": "avhubert"}
SPARE = 1.2
"""Disk asked for, of what the tensors take: AV-HuBERT's merged weights are float32."""


def import_checkpoint(
    checkpoint: Path,
    llm: str,
    output: Path,
    audio_rates: list[int] | None = None,
    video_rates: list[int] | None = None,
    alpha: float | None = None,
    rank: int | None = None,
    compression: Literal["avgpool", "stack"] | None = None,
    encoders: Path | None = None,
    whisper: str = "openai/whisper-medium.en",
    avhubert_heads: int = 16,
    llm_revision: str | None = None,
    numerics: Literal["authors", "authors-float32", "ours"] = "authors",
) -> None:
    """Make a released checkpoint of Llama-AVSR, Llama-MTSK or Omni-AVSR usable as a model of ours.

    Nothing in the file is run. The frozen LLM is not copied: it must be the one that ``llm`` names,
    which is checked. Omni-AVSR gives three models, ``<output>-asr``, ``-vsr`` and ``-avsr``.

    Args:
        checkpoint: a ``model_avg_N.pth``, or ``epoch=N.ckpt`` of Lightning.
        llm: folder or hub name of the LLM that it was trained over.
        output: model folder to write, such as results/training/llama-mtsk; new or empty.
        audio_rates: as in ``--downsample-ratio-audio`` of its training, in that order; a .ckpt has
            them.
        video_rates: as in ``--downsample-ratio-video``.
        alpha: as in ``--alpha`` of its training; a .ckpt has it.
        rank: as in ``--rank`` of its training; by default what the shapes of its LoRAs show.
        compression: needed where neither shapes nor a .ckpt show it.
        encoders: folder for the encoders inside the checkpoint; by default
            ``results/encoders/<name>`` for ``results/training/<name>``.
        whisper: folder or hub name of the Whisper in it, for its config.json alone.
        avhubert_heads: attention heads of the AV-HuBERT in it (16: Large).
        llm_revision: commit, tag or branch of an LLM on the hub.
        numerics: how it is computed: as its authors did, which rounds more than weights to
            bfloat16, or as everything else here (docs/methods.md).
    """
    parts = read_parts(checkpoint)
    rates = Given(audio_rates, video_rates, alpha, rank, compression)
    reading = read_meaning(parts, rates)
    check_sizes(parts, llm, llm_revision)
    names = [output] if len(parts.tasks) == 1 else [_named(output, task) for task in parts.tasks]
    shelf = encoders or output.parent.parent / "encoders" / output.name
    for folder in [*names, *([shelf] if parts.encoders else [])]:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} is there already; remove it, or name another --output")
    _check_disk(parts, output)
    about: dict[str, Any] = {
        "checkpoint": checkpoint.name,
        "sha256": sha256(checkpoint),
        "kind": parts.kind,
    }
    # Nothing appears before everything is written.
    with ExitStack() as stack:
        made_by = {}
        if parts.encoders:
            place = stack.enter_context(atomic(shelf))
            made_by = _write_encoders(parts, place, whisper, avhubert_heads, numerics)
        about["encoders"] = {
            m: {"kind": KINDS[m], "path": str(shelf / NAMES[m]), "numerics": numerics}
            for m in parts.encoders
        }
        tables: Tensors = {}
        for task, folder in zip(parts.tasks, names, strict=True):
            settings = task_settings(parts, reading, task, llm, llm_revision, numerics)
            network = MatryoshkaModel(settings, {m: reading.dims[m] for m in TASKS[task]})
            if not tables:
                tables = added_tables(parts, network.llm, llm)
                ids = {
                    t: network.tokenizer(p, add_special_tokens=False) for t, p in PROMPTS.items()
                }
                check_prompts(parts, {t: found["input_ids"] for t, found in ids.items()}, llm)
            fill(network, parts, reading, tables)
            _write_model(network, stack.enter_context(atomic(folder)), reading, made_by, about)
    _report(parts, reading, names, about)


def _named(output: Path, task: str) -> Path:
    return output.with_name(f"{output.name}-{task}")


def _check_disk(parts: Parts, output: Path) -> None:
    """Raise InputError if the disk has not what the model folders and encoders take."""
    kept = [t for found in parts.encoders.values() for t in found.values()]
    projectors = [
        t for places in parts.projectors.values() for p in places.values() for t in p.values()
    ]
    loras = [
        t for layers in parts.loras.values() for pair in layers.values() for t in pair.values()
    ]
    own = sum(4 * t.numel() for t in [*projectors, *loras]) * len(parts.tasks)
    needed = SPARE * (own + sum(t.nbytes for t in kept))
    place = next(folder for folder in output.absolute().parents if folder.is_dir())
    if (free := shutil.disk_usage(place).free) < needed:
        raise InputError(
            f"{output} and its encoders take {needed / 1e9:.1f} GB, and the disk of {place} has "
            f"{free / 1e9:.1f} GB of free space; free some, or choose another --output"
        )


def _write_encoders(
    parts: Parts, place: Path, whisper: str, heads: int, numerics: str
) -> dict[str, dict[str, str]]:
    """Write the encoders of a checkpoint; returns what features of each say of themselves."""
    place.mkdir()
    made_by = {}
    for modality, tensors in parts.encoders.items():
        try:
            if modality == "audio":
                write_whisper(tensors, whisper, place / NAMES[modality])
            else:
                write_avhubert(tensors, heads, place / NAMES[modality])
            encoder = load_written(place, modality)
        except InputError as error:
            raise InputError(
                f"{parts.path}: its {modality} encoder cannot be used: {error}; see --whisper and "
                "--avhubert_heads"
            ) from error
        made_by[modality] = {
            "weights": encoder.fingerprint,
            "kind": KINDS[modality],
            "pad": "chunk",
            "numerics": numerics,
        }
    return made_by


def _write_model(
    network: MatryoshkaModel,
    folder: Path,
    reading: Reading,
    made_by: Mapping[str, Any],
    about: Mapping[str, Any],
) -> None:
    """Write a model folder as training does."""
    task = network.settings.task
    network.save(folder)
    write_json(
        folder / "run.json",
        {
            "model": network.settings.to_dict(),
            "dims": {m: reading.dims[m] for m in TASKS[task]},
            "encoders": {m: made_by[m] for m in TASKS[task] if m in made_by},
            "imported": about,
            "parameters": {
                "adapters": count_parameters(network.adapter.trainable()),
                "projectors": count_parameters(list(network.projectors.parameters())),
            },
            **provenance(),
        },
    )


def _report(parts: Parts, reading: Reading, names: list[Path], about: Mapping[str, Any]) -> None:
    for folder in names:
        print(f"{folder}: {parts.kind}, {reading.compression}")
    for modality in parts.projectors.keys() - about["encoders"].keys():
        logging.warning(
            "%s holds no %s encoder: use features of the one that it was trained over",
            *(parts.path, modality),
        )


if __name__ == "__main__":
    run_command(import_checkpoint)
