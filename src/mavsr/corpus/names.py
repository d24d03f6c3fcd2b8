"""Which files lie below a root, which are videos, and which an operating system leaves there."""

import os
from collections.abc import Iterator
from pathlib import Path

VIDEO_SUFFIXES = {
    ".3g2", ".3gp", ".amv", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".gxf", ".ivf",
    ".m2t", ".m2ts", ".m2v", ".m4v", ".mj2", ".mkv", ".mod", ".mov", ".mp4", ".mpe", ".mpeg",
    ".mpg", ".mpv", ".mts", ".mxf", ".nut", ".ogm", ".ogv", ".rm", ".rmvb", ".tod", ".ts",
    ".vob", ".webm", ".wmv", ".wtv", ".y4m",
}  # fmt: skip
"""Suffixes of the video containers that FFmpeg reads, in lower case."""
_LEFT_BEHIND = {
    "#recycle", "$recycle.bin", "@eadir", "__macosx", "desktop.ini", "ehthumbs.db", "lost+found",
    "system volume information", "thumbs.db",
}  # fmt: skip
"""Names, in lower case, of files and folders that Windows, macOS and network storage make."""


def is_clutter(path: Path) -> bool:
    """Whether a path below a root is hidden, or made by an operating system, or in such a folder.

    ``._00001.mp4`` is what macOS writes beside ``00001.mp4`` on disks of other systems: its
    attributes, no video.
    """
    return any(part.startswith(".") or part.lower() in _LEFT_BEHIND for part in path.parts)


def is_video(path: Path) -> bool:
    """Whether a path has the suffix of a video, in upper or lower case."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def files_below(root: Path) -> Iterator[Path]:
    """All files below ``root`` but clutter, folder by folder, sorted; none if it is no folder.

    Links are followed after all else, and no folder is entered twice: one that links lead to as
    well, as a link to a folder above itself does, has its files once, under its own path.
    """
    seen: set[tuple[int, int]] = set()
    tops = [root]
    for top in tops:
        for folder, inner, names in os.walk(top):
            status = Path(folder).stat()
            if (status.st_dev, status.st_ino) in seen:
                inner.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
            inner[:] = sorted(name for name in inner if not is_clutter(Path(name)))
            tops += [path for name in inner if (path := Path(folder, name)).is_symlink()]
            for name in sorted(names):
                path = Path(folder, name)
                if not is_clutter(Path(name)) and path.is_file():
                    yield path


def exists(file: Path) -> bool:
    """Whether there is such a file; there is none whose name is too long for one."""
    try:
        return file.is_file()
    except OSError:
        return False


def path_below(root: Path, path: str | Path) -> Path:
    """A path relative to ``root``, by whatever links; whole if it lies elsewhere.

    Args:
        root: folder of a corpus.
        path: as a list or table names it: below ``root``, or absolute.
    """
    whole = Path(os.path.normpath(root.absolute() / path))
    if whole.is_relative_to(root.absolute()):
        return whole.relative_to(root.absolute())
    real, top = Path(os.path.realpath(whole)), Path(os.path.realpath(root))
    return real.relative_to(top) if real.is_relative_to(top) else whole
