"""Move a complete tree to its place, by renaming, so that no half-copied file is ever there."""

import filecmp
import shutil
from pathlib import Path

from mavsr.errors import InputError


def place(tree: Path, target: Path) -> None:
    """Move everything below the folder ``tree`` into the folder ``target`` on the same disk.

    A folder that is not there yet moves as a whole; one that is there gets what it lacks. A killed
    call can simply be repeated.

    Raises:
        InputError: a file of another content is in the way; then nothing has been moved.

    """
    _check(tree, target)
    _move(tree, target)


def _check(tree: Path, target: Path) -> None:
    for new in sorted(tree.iterdir()):
        old = target / new.name
        if new.is_dir() and old.is_dir() and not old.is_symlink():
            _check(new, old)
        elif old.is_symlink() or (old.exists() and not _same(new, old)):
            raise InputError(
                f"{old} exists and differs from what was downloaded; move it away and run again"
            )


def _same(new: Path, old: Path) -> bool:
    return new.is_file() and old.is_file() and filecmp.cmp(new, old, shallow=False)


def _move(tree: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for new in sorted(tree.iterdir()):
        old = target / new.name
        if new.is_dir() and old.exists():
            _move(new, old)
        else:
            new.replace(old)
    shutil.rmtree(tree)
