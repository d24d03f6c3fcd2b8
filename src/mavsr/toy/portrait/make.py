"""Command: make the portrait corpus as a tree of LRS3's layout.

``python -m mavsr.toy.portrait.make --root DIR --listing FILE.json --settings '{...}'``

A killed run leaves only complete files, and the next run with the same settings goes on from there.
Other settings, or another version of this package or of the libraries that decide the bytes, start
afresh.
"""

import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2

from mavsr.command import progress, run_command
from mavsr.errors import InputError
from mavsr.files import atomic, flush, sha256, write_json
from mavsr.records import read_json, write_record
from mavsr.toy.portrait.clip import make_clip
from mavsr.toy.portrait.settings import SPLITS, PortraitSettings
from mavsr.workflow.code import code_digest

RECORD = "portrait.json"
_LIBRARIES = ("av", "espeakng-loader", "matplotlib", "numpy", "opencv-contrib-python-headless",
              "scikit-image", "scipy")  # fmt: skip


def make(
    root: Path,
    listing: Path,
    settings: PortraitSettings = PortraitSettings(),  # noqa: B008 (frozen)
    workers: int = 1,
) -> None:
    """Make the portrait corpus.

    Args:
        root: folder of the tree ``{pretrain,trainval,test}/<speaker>/<clip>.{mp4,txt}``.
        listing: JSON file, written last: settings, and SHA-256 of both files of every clip.
        settings: size and seed of the corpus.
        workers: processes.
    """
    if workers < 1:
        raise InputError(f"workers is {workers}; give 1 or more")
    record = _record(settings)
    _claim(root, record)
    names = settings.clips()
    missing = [name for name in names if not _is_complete(root, name)]
    if missing:
        write = partial(write_clip, root, settings)
        done = _each(write, missing, workers)
        for _ in progress(done, len(missing), "portrait clips"):
            pass
    clips = {
        name: {suffix: sha256(root / f"{name}.{suffix}") for suffix in ("mp4", "txt")}
        for name in names
    }
    for folder in {(root / name).parent for name in names}:
        for path in (*sorted(folder.iterdir()), folder):
            flush(path)  # before the list that calls them complete
    write_json(listing, {**record, "clips": clips})


def write_clip(root: Path, settings: PortraitSettings, name: str) -> None:
    """Write a clip's two files; the transcript comes last and marks the clip as complete."""
    film, text = make_clip(settings, name)
    with atomic(root / f"{name}.mp4", flushed=False) as path:
        path.write_bytes(film)
    with atomic(root / f"{name}.txt", flushed=False) as path:
        path.write_text(text, encoding="utf-8")


def _each(write: Callable[[str], None], names: list[str], workers: int) -> Iterator[None]:
    """Call ``write`` for every name; one worker needs no process of its own."""
    if workers == 1:
        cv2.setNumThreads(1)
        yield from map(write, names)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, cv2.setNumThreads, (1,)) as pool:
        yield from pool.map(write, names, chunksize=4)


def _is_complete(root: Path, name: str) -> bool:
    return (root / f"{name}.txt").is_file() and (root / f"{name}.mp4").is_file()


def _record(settings: PortraitSettings) -> dict[str, Any]:
    """What decides the bytes of the corpus: settings, code, libraries."""
    return {
        "settings": asdict(settings),
        "code": code_digest("mavsr.toy.portrait.make"),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def _claim(root: Path, record: dict[str, Any]) -> None:
    """Make ``root`` ready: keep a tree of the same record, remove that of another one.

    Raises:
        InputError: the folder holds a tree that this command did not make.
    """
    path = root / RECORD
    trees = [root / split for split in SPLITS if (root / split).exists()]
    if trees and not path.is_file():
        raise InputError(
            f"{root} holds {trees[0].name}/ but no {RECORD}, so it was not made by this command; "
            "choose another folder for the portrait corpus"
        )
    if trees and not _is_of(path, record):
        for tree in trees:
            shutil.rmtree(tree)
    write_record(path, record)


def _is_of(path: Path, record: dict[str, Any]) -> bool:
    """Whether the tree at hand is of ``record``; one whose record is damaged is made anew."""
    try:
        return read_json(path, "record") == record
    except InputError:
        return False


if __name__ == "__main__":
    run_command(make)
