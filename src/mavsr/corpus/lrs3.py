"""Read a tree in the layout of LRS3.

Clips are ``{pretrain,trainval,test}/<speaker>/<clip>.mp4`` with a ``.txt`` beside each. A
transcript file starts with ``Text: WORDS``; pretrain files also carry one line ``WORD START END
ASDSCORE`` (seconds) per word, along which long clips are cut.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av

from mavsr.command import progress
from mavsr.corpus.manifest import SAFE_KEY
from mavsr.errors import InputError


@dataclass(frozen=True)
class Word:
    """One word of a transcript, in seconds from the start of its file."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Clip:
    """One utterance found in a tree, or the reason why it cannot be one."""

    key: str
    folder: str
    """``pretrain``, ``trainval`` or ``test``."""
    speaker: str
    video: Path
    text: str = ""
    start: float = 0.0
    end: float = float("nan")
    duration_s: float = 0.0
    version: str = ""
    """Size and time of the video and a checksum of the transcript file."""
    problem: str = ""
    """Why the clip is left out; empty for a good one."""


def clean_text(text: str) -> str:
    """Lower case, braces removed (they mark noise in LRS transcripts), single spaces."""
    return " ".join(text.replace("{", "").replace("}", "").lower().split())


def read_transcript(path: Path) -> tuple[str, list[Word]]:
    """Text and word timings (empty if the file has none) of a transcript file.

    Raises:
        InputError: the file is missing, is not UTF-8, lacks the ``Text:`` heading, holds no word,
            or a timing line cannot be read.
    """
    try:
        # Not splitlines, which also splits at characters such as U+0085 within a line.
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except FileNotFoundError:
        raise InputError(f"transcript {path} is missing") from None
    except OSError as error:
        raise InputError(f"transcript {path} cannot be read ({error})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"transcript {path} is not UTF-8 ({error}); convert it") from error
    if not lines or not lines[0].startswith("Text:"):
        raise InputError(f"transcript {path}: the first line must read 'Text:  WORDS'")
    text = clean_text(lines[0].removeprefix("Text:"))
    if not text:
        raise InputError(f"transcript {path} is empty")
    table = next((n for n, line in enumerate(lines) if line.startswith("WORD ")), len(lines))
    words = []
    for number, line in enumerate(lines[table + 1 :], start=table + 2):
        if not line.strip():
            continue
        try:
            word, start, end = line.split()[:3]
            words.append(Word(clean_text(word), float(start), float(end)))
        except ValueError as error:
            raise InputError(
                f"transcript {path}, line {number}: {line!r} is not 'WORD START END SCORE'"
            ) from error
    return text, words


def cut_words(words: list[Word], longest_s: float) -> list[list[Word]]:
    """Cut a clip at word boundaries into segments of at most ``longest_s`` seconds.

    A segment takes words while they end before its start plus ``longest_s``, as auto_avsr does
    (16 s). A single longer word makes a segment of its own.
    """
    segments: list[list[Word]] = []
    for word in words:
        if segments and word.end < segments[-1][0].start + longest_s:
            segments[-1].append(word)
        else:
            segments.append([word])
    return segments


def read_tree(root: Path, longest_s: float = 16.0) -> Iterator[Clip]:
    """All utterances of the tree, pretrain clips cut into segments; bad ones carry a problem.

    Args:
        root: the folder that holds ``trainval`` and ``test`` (``pretrain`` may be missing).
        longest_s: longest segment of a pretrain clip, seconds.

    Raises:
        InputError: ``root`` is not such a tree.
    """
    for folder in ("trainval", "test"):
        if not (root / folder).is_dir():
            raise InputError(
                f"{root} is not an LRS3 tree: it must hold {folder}/<speaker>/<clip>.mp4 and .txt "
                "(and pretrain/ likewise); set the corpus' root to the folder that does"
            )
    for folder in ("pretrain", "trainval", "test"):
        # A transcript without its video is a lost clip, which must be listed too.
        files = (f for suffix in ("mp4", "txt") for f in (root / folder).glob(f"*/*.{suffix}"))
        videos = sorted({file.with_suffix(".mp4") for file in files})
        for video in progress(videos, len(videos), folder):
            yield from _read_clip(folder, video, longest_s)


def _read_clip(folder: str, video: Path, longest_s: float) -> Iterator[Clip]:
    speaker = video.parent.name
    key = f"{folder}-{speaker}-{video.stem}"
    try:
        if not SAFE_KEY.fullmatch(key):
            raise InputError(
                f"{video}: the names of speaker and clip may hold only letters, digits, '_' "
                "and '-'; rename them"
            )
        length = _duration(video)
        text, words = read_transcript(video.with_suffix(".txt"))
        if folder == "pretrain" and not words:
            raise InputError(f"transcript {video.with_suffix('.txt')} has no word timings")
    except InputError as error:
        yield Clip(key, folder, speaker, video, problem=str(error))
        return
    version = _version(video)
    if folder != "pretrain":
        yield Clip(key, folder, speaker, video, text, duration_s=length, version=version)
        return
    for number, segment in enumerate(cut_words(words, longest_s)):
        start, end = segment[0].start, min(segment[-1].end, length)
        words_text = clean_text(" ".join(word.text for word in segment))
        problem = (
            "" if end > start and words_text else "the segment's word timings are not in order"
        )
        yield Clip(
            f"{key}-{number:03d}",
            folder,
            speaker,
            video,
            words_text,
            start,
            end,
            end - start,
            version,
            problem,
        )


def _version(video: Path) -> str:
    status = video.stat()
    checksum = zlib.crc32(video.with_suffix(".txt").read_bytes())
    return f"{status.st_size}-{status.st_mtime_ns}-{checksum:08x}"


def _duration(video: Path) -> float:
    try:
        with av.open(str(video)) as container:
            seconds = (container.duration or 0) / av.time_base
    except (av.FFmpegError, OSError) as error:
        raise InputError(f"{video} cannot be read as a video ({error})") from error
    if seconds <= 0:
        raise InputError(f"{video} has no duration; it is empty or damaged")
    return seconds
