"""Files appear under their final name complete, or not at all."""

import glob
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it to ``path`` if the block succeeds.

    The block may make a file or a folder there; a folder replaces an older one.

    The temporary name is ``.<name>.<id>.partial`` with a new id each time, so two writers of one
    file cannot mix their bytes. What a killed job left behind is removed; if its process is in
    truth still alive, it fails when it wants to rename.

    Raises:
        OSError: the disk is full or refuses access; it names a file.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        _remove(left)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        yield partial
        share(partial)
        if partial.is_dir():
            _remove(path)
        partial.replace(path)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk does not say which
        raise
    finally:
        _remove(partial)


def share(path: Path) -> None:
    """Give a file, or the files in a folder, the permissions that the umask leaves new files.

    safetensors 0.8 writes 0600 whatever the umask, and a second user could not read a model.
    """
    os.umask(mask := os.umask(0o077))
    for file in [path, *path.rglob("*")] if path.is_dir() else [path]:
        if file.is_file():
            file.chmod(file.stat().st_mode | 0o666 & ~mask)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write ``content`` as indented JSON with sorted keys, atomically."""
    with atomic(path) as partial:
        partial.write_text(
            json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n",
            encoding="utf-8",
        )


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
