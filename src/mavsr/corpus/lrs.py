"""What LRS2 and LRS3 share: ``<part>/<speaker>/<clip>.mp4`` with a ``.txt`` beside each.

Clips of ``pretrain/`` are long and carry word times, along which they are cut. A part is the name
of the folder: pretrain, main, trainval or test.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mavsr.config.corpora import LrsKeys
from mavsr.corpus.clips import UNUSED, Clip, read_in_parallel, version
from mavsr.corpus.manifest import SAFE_KEY
from mavsr.corpus.names import is_clutter
from mavsr.corpus.probe import Probe, probe
from mavsr.corpus.transcripts import Word, clean_text, cut_words, read_lrs
from mavsr.errors import InputError

PRETRAIN = "pretrain"
SUFFIXES = (".mp4", ".txt")
"""Of a clip's two files, in lower case."""


@dataclass(frozen=True)
class Source:
    """A video of a tree, not opened yet."""

    split: str
    part: str
    video: Path

    @property
    def speaker(self) -> str:
        """Name of the folder: a speaker in LRS3, a broadcast in LRS2."""
        return self.video.parent.name

    @property
    def key(self) -> str:
        """Key of the whole clip."""
        return f"{self.part}-{self.speaker}-{self.video.stem}"

    def refused(self, problem: str, unused: bool = False) -> Clip:
        """The clip that this source cannot become."""
        split = UNUSED if unused else self.split
        return Clip(self.key, split, self.speaker, self.video, problem=problem)


class LrsReader(LrsKeys):
    """What the readers of both have in common."""

    def parts(self, *others: str) -> list[str]:
        """The folders that are read: pretrain if asked for, and ``others``."""
        return [*([PRETRAIN] if self.pretrain else []), *others]

    def utterances(self, root: Path, sources: Sequence[Source]) -> Iterator[Clip]:
        """Those of all ``sources``, in their order; bad ones carry a problem."""
        read = partial(read_source, longest_s=self.longest_segment_s)
        return read_in_parallel(read, sources, f"clips of {root.absolute().name}")


def check_tree(root: Path, wanted: dict[str, str], advice: str) -> None:
    """Refuse a root that lacks a folder or a list.

    Args:
        root: folder of the corpus.
        wanted: path below ``root`` that must exist (and hold something, if a folder) -> what it is
            for the reader of the error.
        advice: how to get it, or do without.

    Raises:
        InputError: says what is expected where, what of it is missing, and what to do.
    """
    missing = [name for name in wanted if not _holds_something(root / name)]
    if not missing:
        return
    if not root.exists():
        state = "which does not exist"
    elif not root.is_dir():
        state = "which is not a folder"
    elif not _holds_something(root):
        state = "which is empty"
    else:
        state = f"which lacks {', '.join(missing)}"
    expected = "\n".join(
        f"  {os.path.normpath(root.absolute() / name)}{what}" for name, what in wanted.items()
    )
    raise InputError(f"no corpus at {root}, {state}. Expected:\n{expected}\n{advice}")


def _holds_something(path: Path) -> bool:
    if path.is_dir():
        return any(not is_clutter(Path(inner.name)) for inner in path.iterdir())
    return path.is_file()


def list_videos(folder: Path) -> list[Path]:
    """Videos of a part, and those of transcripts without one, which are lost clips too; sorted."""
    files = (file for suffix in SUFFIXES for file in folder.glob(f"*/*{suffix}"))
    return sorted({f.with_suffix(".mp4") for f in files if not is_clutter(f.relative_to(folder))})


def misplaced(root: Path, folder: Path) -> list[Clip]:
    """Files of a part that are not called as :func:`list_videos` looks for them, a row per clip."""
    astray: dict[Path, Path] = {}
    for file in sorted(folder.rglob("*")):
        below = file.relative_to(folder)
        if file.suffix.lower() not in SUFFIXES or is_clutter(below):
            continue
        if len(below.parts) != 2 or file.suffix not in SUFFIXES:
            astray.setdefault(file.with_suffix(""), file)
    return [
        Clip(
            "-".join(clip.relative_to(root).parts),
            UNUSED,
            "",
            file,
            problem=f"not read: it does not lie at {folder.name}/<speaker>/<clip>.mp4 or .txt",
        )
        for clip, file in astray.items()
    ]


def read_source(source: Source, longest_s: float) -> list[Clip]:
    """The utterances of a video: one, or the segments of a pretrain clip."""
    video = source.video
    transcript = video.with_suffix(".txt")
    try:
        if not SAFE_KEY.fullmatch(source.key):
            raise InputError(
                f"{video}: the names of speaker and clip may hold only letters, digits, '_' "
                "and '-'; rename them"
            )
        found = probe(video)
        text, words = read_lrs(transcript)
        if source.part == PRETRAIN and not words:
            raise InputError(f"transcript {transcript} has no word timings")
        stamp = version(video, transcript.read_bytes())
    except InputError as error:
        return [source.refused(str(error))]
    if source.part == PRETRAIN:
        cut = enumerate(cut_words(words, longest_s))
        return [_segment(source, number, part, found, stamp) for number, part in cut]
    whole = Clip(
        source.key,
        source.split,
        source.speaker,
        video,
        text,
        duration_s=found.seconds,
        version=stamp,
        has_audio=found.audio,
    )
    return [whole]


def _segment(source: Source, number: int, words: list[Word], found: Probe, stamp: str) -> Clip:
    start, end = words[0].start, min(words[-1].end, found.seconds)
    text = clean_text(" ".join(word.text for word in words))
    starts = [word.start for word in words]
    ordered = starts == sorted(starts) and all(word.start <= word.end for word in words)
    good = ordered and 0 <= start < end and text
    return Clip(
        f"{source.key}-{number:03d}",
        source.split,
        source.speaker,
        source.video,
        text,
        start,
        end,
        end - start,
        stamp,
        "" if good else "the segment's word timings are not in order",
        has_audio=found.audio,
    )
