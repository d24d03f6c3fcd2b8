"""Where an import writes: a model folder for each task, and a shelf for the encoders inside.

What would be written over, or into one another, is refused before anything is written.
"""

import os
import shutil
from collections.abc import Mapping
from itertools import chain, combinations
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mavsr.config.values import Name
from mavsr.errors import InputError
from mavsr.importing.parts import Parts, Tensors

SPARE = 1.2
"""Disk space asked for, of what the tensors take: merged weights of AV-HuBERT are float32."""


def choose_places(
    parts: Parts, output: Path, encoders: Path | None
) -> tuple[dict[str, Path], Path]:
    """Task -> model folder, and the shelf, which is used if the checkpoint holds encoders.

    Args:
        parts: the checkpoint.
        output: model folder; of several tasks each is added to its name.
        encoders: the shelf; ``<output>/../../encoders/<name>`` if not given.

    Raises:
        InputError: one is there already, has a name that a config cannot have, or lies in another.
    """
    output = _named(output)
    folders = {parts.tasks[0]: output}
    if len(parts.tasks) > 1:
        folders = {task: output.with_name(f"{output.name}-{task}") for task in parts.tasks}
    beside = os.path.normpath(output / ".." / ".." / "encoders" / output.name)
    shelf = _named(Path(beside) if encoders is None else encoders)
    used = [(folder, "--output") for folder in folders.values()]
    if parts.encoders:
        used.append((shelf, "--encoders"))
        _check_name(output, "--output")  # an experiment can show such a model
        _check_name(shelf, "--encoders")
    for (one, _), (other, _) in combinations(used, 2):
        ours, theirs = one.resolve(), other.resolve()
        if ours == theirs or ours in theirs.parents or theirs in ours.parents:
            raise InputError(
                f"{one} and {other} are one folder, or one is in the other; name separate folders "
                "with --output and --encoders"
            )
    for folder, option in used:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            what = " (for the encoders inside, maybe another model's)" * (folder is shelf)
            raise InputError(f"{folder}{what} is there already; name another folder with {option}")
    return folders, shelf


def _named(folder: Path) -> Path:
    """The folder as it was given, so that a project can move; resolved, if that leads upwards."""
    return folder if folder.name and ".." not in folder.parts else folder.resolve()


def _check_name(folder: Path, option: str) -> None:
    try:
        TypeAdapter(Name).validate_python(folder.name)
    except ValidationError as error:
        raise InputError(
            f"{option} {folder}: configs will name it {folder.name!r}, and cannot; "
            f"{error.errors()[0]['ctx']['error']} in the last part"
        ) from error


def check_disk(parts: Parts, tables: Tensors, folders: Mapping[str, Path], shelf: Path) -> None:
    """Raise InputError if a disk has not what model folders and encoders take on it.

    Args:
        parts: the checkpoint.
        tables: what every model keeps of the LLM's tables.
        folders: task -> model folder.
        shelf: for the encoders.
    """
    trained = [
        tensor
        for groups in (parts.projectors, parts.loras)
        for places in groups.values()
        for tensors in places.values()
        for tensor in tensors.values()
    ]
    encoders = chain.from_iterable(tensors.values() for tensors in parts.encoders.values())
    written = 4 * sum(t.numel() for t in trained)  # float32 in every folder
    sizes = dict.fromkeys(folders.values(), written + sum(t.nbytes for t in tables.values()))
    if parts.encoders:
        sizes[shelf] = sum(t.nbytes for t in encoders)
    disks: dict[int, list[Path]] = {}
    for folder in sizes:
        disks.setdefault(disk_of(_existing(folder)), []).append(folder)
    for held in disks.values():
        needed, place = SPARE * sum(sizes[folder] for folder in held), _existing(held[0])
        if (free := shutil.disk_usage(place).free) < needed:
            raise InputError(
                f"{', '.join(map(str, held))} take {needed / 1e9:.1f} GB, and the disk of {place} "
                f"has {free / 1e9:.1f} GB of free space; free some, or choose other folders with "
                "--output and --encoders"
            )


def disk_of(place: Path) -> int:
    """Number of the disk that a folder is on."""
    return place.stat().st_dev


def _existing(folder: Path) -> Path:
    """The first folder above that is there."""
    return next(place for place in folder.resolve().parents if place.is_dir())
