"""Which files below a root are videos, and which are what an operating system leaves there."""

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
    """All files below ``root`` but clutter, folder by folder, sorted; links are followed."""
    for folder, inner, names in os.walk(root, followlinks=True):
        inner[:] = sorted(name for name in inner if not is_clutter(Path(name)))
        for name in sorted(names):
            path = Path(folder, name)
            if not is_clutter(Path(name)) and path.is_file():
                yield path
