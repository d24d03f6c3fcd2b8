"""Copies of feature caches on a node's own disk, while a training job runs.

Training reads clips in random order, which shared file systems are slow at; copying reads whole
files in order. Copies lie under ``TMPDIR``.
"""

import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from mavsr.errors import InputError
from mavsr.features.cache import SAMPLES
from mavsr.files import sha256
from mavsr.records import read_json
from mavsr.training.processes import Processes

Views = Mapping[str, Sequence[Path]]
"""Modality -> ``index.json`` of each view's cache."""


@contextmanager
def staged(views: Views, job: Path, processes: Processes) -> Iterator[dict[str, list[Path]]]:
    """Copy caches to this node, yield their new ``index.json`` files, and remove them at the end.

    One process of each node copies. What an attempt that was killed left behind is used again.

    Args:
        views: the caches.
        job: output folder of the training job; no two jobs that run at once have the same.
        processes: this process among all of the job.

    Raises:
        InputError: there is no room, or a shard is not the one that was indexed.
    """
    place = staging_folder(job)
    first = os.environ.get("LOCAL_RANK", "0") == "0"
    with _copied(views, place) if first else nullcontext():
        processes.wait()
        yield staged_views(views, place)
        processes.wait()


def staging_folder(job: Path) -> Path:
    """The folder of a job's copies: the same for all its processes and attempts on a node."""
    name = hashlib.sha256(str(job.absolute()).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"mavsr-{os.getuid()}-{name}"


@contextmanager
def _copied(views: Views, place: Path) -> Iterator[None]:
    copies = staged_views(views, place)
    pairs = [(old, new) for m in views for old, new in zip(views[m], copies[m], strict=True)]
    shards = {old: read_json(old, "index")["shards"] for old, _ in pairs}
    _check_room(place, sum(shard["bytes"] for found in shards.values() for shard in found))
    try:
        for old, new in pairs:
            _copy(old.parent, new.parent, shards[old])
        logging.info("features of %d caches copied to %s", len(pairs), place)
        yield
    finally:
        shutil.rmtree(place, ignore_errors=True)


def staged_views(views: Views, place: Path) -> dict[str, list[Path]]:
    """The ``index.json`` files of ``views`` as they are called below ``place``."""
    return {
        modality: [place / modality / str(n) / index.name for n, index in enumerate(indexes)]
        for modality, indexes in views.items()
    }


def _check_room(place: Path, needed: int) -> None:
    there = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    free = shutil.disk_usage(place.parent).free + there
    if needed > free:
        raise InputError(
            f"the features take {needed / 1e9:,.1f} GB, and {place.parent} has {free / 1e9:,.1f} "
            "GB free; set TMPDIR (scratch in site.yaml) to a larger disk, or "
            "training.local_features to false"
        )


def _copy(source: Path, target: Path, shards: list[dict[str, Any]]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for shard in shards:
        copy = target / shard["file"]
        if not _is_whole(copy, shard):
            shutil.copyfile(source / shard["file"], copy)
        if not _is_whole(copy, shard):
            raise InputError(
                f"{source / shard['file']} is not the shard that was indexed, or its copy "
                f"{copy} was damaged; `mavsr features verify` tells which"
            )
    for name in (SAMPLES, "index.json"):
        shutil.copyfile(source / name, target / name)


def _is_whole(path: Path, shard: Mapping[str, Any]) -> bool:
    return (
        path.is_file() and path.stat().st_size == shard["bytes"] and sha256(path) == shard["sha256"]
    )
