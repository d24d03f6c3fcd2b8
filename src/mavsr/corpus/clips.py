"""What every reader of a corpus yields, and what all of them need: an utterance, its length.

A reader is a frozen dataclass of its settings with a method ``read``; see mavsr.corpus.readers.
"""

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from mavsr.command import progress
from mavsr.corpus.probe import probe
from mavsr.seeds import derive_seed

T = TypeVar("T")

UNUSED = "unused"
"""In place of a split: a file that belongs to none, listed so that nobody has to wonder."""
_THREADS = 8
"""Opening a file is mostly waiting for the disk."""


@dataclass(frozen=True)
class Clip:
    """One utterance found in a corpus, or the reason why it cannot be one."""

    key: str
    split: str
    """``train``, ``val`` or ``test``; ``UNUSED`` together with a problem."""
    speaker: str
    video: Path
    text: str = ""
    start: float = 0.0
    end: float = float("nan")
    duration_s: float = 0.0
    version: str = ""
    """Changes with the size or time of the video and of audio beside crops, or with the text."""
    problem: str = ""
    """Why the clip is left out; empty for a good one."""
    audio: Path | None = None
    """The file that holds the audio; None if the video's does, or none."""
    has_audio: bool = True
    """False if neither that file nor an audio track is there."""


class Reader(Protocol):
    """Reads one kind of corpus."""

    def check(self, root: Path) -> None:
        """Say at once whether ``root`` can hold such a corpus, without opening a clip.

        Raises:
            InputError: it cannot; the message says what is expected where.
        """
        ...

    def read(self, root: Path, seed: int) -> list[Clip]:
        """All utterances below ``root`` with their splits; bad ones carry a problem.

        ``seed`` decides what is drawn at random: which speakers are held out.

        Raises:
            InputError: as :meth:`check`, or a list or table cannot be read.
        """
        ...


def read_in_parallel(
    read: Callable[[T], list[Clip]], sources: Sequence[T], what: str
) -> Iterator[Clip]:
    """The clips of all ``sources``, in their order."""
    with ThreadPoolExecutor(_THREADS) as pool:
        for clips in progress(pool.map(read, sources), len(sources), what):
            yield from clips


def duration(video: Path) -> float:
    """Seconds after which a file's video ends, by its packets (:func:`mavsr.corpus.probe.probe`).

    Raises:
        InputError: the file is missing, incomplete, cannot be opened, or has no video.
    """
    return probe(video).seconds


def version(video: Path, transcript: bytes) -> str:
    """Size and time of the video and a checksum of its transcript."""
    status = video.stat()
    return f"{status.st_size}-{status.st_mtime_ns}-{zlib.crc32(transcript):08x}"


def replaced(video: Path, known: str) -> bool:
    """Whether a video is not the one that :func:`version` was asked of.

    A video that is missing is not replaced, and a version of another form tells nothing.
    """
    form = re.fullmatch(r"(\d+-\d+)-[0-9a-f]{8}", known)
    if form is None or not video.exists():
        return False
    return version(video, b"").rpartition("-")[0] != form[1]


def draw_speakers(counts: dict[str, int], wanted: float, seed: int, name: str) -> set[str]:
    """Draw speakers until they hold at least ``wanted`` clips.

    The order of drawing depends on the seed, ``name`` and the speakers' names alone, so a larger
    share keeps those of a smaller one.

    Args:
        counts: speaker -> clips.
        wanted: how many clips are asked for.
        seed: of the draw.
        name: of the draw.
    """
    chosen, found = set[str](), 0
    for speaker in sorted(counts, key=lambda s: derive_seed(seed, name, s)):
        if found >= wanted:
            break
        chosen.add(speaker)
        found += counts[speaker]
    return chosen
