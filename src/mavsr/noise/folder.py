"""The recordings of a folder, by their names alone: what planning asks for too."""

from pathlib import Path

from mavsr.errors import InputError

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aac")


def recordings(folder: Path) -> list[Path]:
    """The files below a folder whose suffix says that they are audio, sorted, unread.

    Raises:
        InputError: there is no folder, or no such file in it.

    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; docs/data.md says what may lie there")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise InputError(
            f"{folder} has no recording, in none of its folders: no file ends in "
            f"{', '.join(SUFFIXES)} (docs/data.md)"
        )
    return files
