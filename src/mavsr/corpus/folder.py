"""Read a user's own videos, in any folders below one root, with transcripts.

The transcripts stand in a table (mavsr.corpus.table), in files beside the videos, or in files of
another folder under the same relative paths. GRID is the worked example: docs/data.md.
"""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from mavsr.config.corpora import FolderKeys
from mavsr.corpus.clips import UNUSED, Clip, draw_speakers, read_in_parallel, version
from mavsr.corpus.names import VIDEO_SUFFIXES, files_below, is_video, path_below
from mavsr.corpus.probe import probe
from mavsr.corpus.sidecars import SIDECARS, Missing, find_sidecars
from mavsr.corpus.table import Row, read_table
from mavsr.corpus.transcripts import read_sidecar
from mavsr.errors import InputError

Pending = tuple[Clip, Row | Path | Missing]
"""A clip whose files are not opened yet, and where its text stands."""


class Folder(FolderKeys):
    """How a folder of videos is read."""

    def check(self, root: Path) -> None:
        """See mavsr.corpus.clips.Reader."""
        if not root.is_dir():
            raise InputError(
                f"no corpus at {root.absolute()}, which is not a folder; set the corpus' root to "
                "the folder that holds the videos (docs/data.md)"
            )
        if self.transcripts is not None and not Path(self.transcripts).exists():
            raise InputError(
                f"transcripts {Path(self.transcripts).absolute()} is neither a CSV file nor a "
                "folder; correct it, or leave it out if the files lie beside the videos"
            )
        source = root if self.transcripts is None else Path(self.transcripts)
        if source.is_dir() and not any(p.suffix.lower() in SIDECARS for p in files_below(source)):
            raise InputError(
                f"no transcript ({', '.join(SIDECARS)}) lies below {source.absolute()}; put one "
                "beside each video, or name a table or another folder as transcripts "
                "(docs/data.md)"
            )
        if not source.is_dir():
            _rows(root, source)

    def read(self, root: Path, seed: int) -> list[Clip]:
        """See mavsr.corpus.clips.Reader."""
        self.check(root)
        videos = find_videos(root)
        if not videos:
            raise InputError(
                f"{root.absolute()} holds no video ({' '.join(sorted(VIDEO_SUFFIXES))}); set the "
                "corpus' root to the folder that does (docs/data.md)"
            )
        source = Path(self.transcripts) if self.transcripts is not None else root
        pending: Sequence[Pending]
        if source.is_dir():
            pairs, orphans = find_sidecars(root, source, videos)
            pending = [(_of_path(root, video), text) for video, text in pairs]
            unused = [
                Clip(make_key(path.relative_to(source)), UNUSED, "", path, problem=problem)
                for path, problem in orphans
            ]
            has_splits = False
        else:
            pending, unused, has_splits = _from_table(root, source, videos)
        if not has_splits:
            pending = self._split(pending, seed)
        read = partial(_read_clip, longest_s=self.longest_clip_s)
        clips = [*read_in_parallel(read, pending, f"clips of {root.absolute().name}")]
        return [*clips, *unused]

    def _split(self, pending: Sequence[Pending], seed: int) -> list[Pending]:
        """Give every clip a split, by speaker: first the test's are drawn, then validation's."""
        counts = Counter(clip.speaker for clip, _ in pending)
        total = counts.total()
        test = draw_speakers(counts, self.test_share * total, seed, "test")
        rest = {speaker: n for speaker, n in counts.items() if speaker not in test}
        val = draw_speakers(rest, self.val_share * total, seed, "val")
        if len(counts) == len(test) + len(val):
            raise InputError(
                f"{len(counts)} speakers (top folders) are too few for three splits that share no "
                "speaker; add a table with a column 'split' or 'speaker' (docs/data.md)"
            )
        splits = dict.fromkeys(test, "test") | dict.fromkeys(val, "val")
        return [
            (replace(clip, split=splits.get(clip.speaker, "train")), text) for clip, text in pending
        ]


def find_videos(root: Path) -> list[Path]:
    """Videos below ``root``, sorted."""
    return sorted(filter(is_video, files_below(root)))


def make_key(path: Path) -> str:
    """Name of a clip, from its path below the root: unique, stable and safe as a file name.

    ``s1/bbaf2n.mpg`` is ``s1-bbaf2n``. A path with any other character than letters, digits and
    ``_`` is written with ``-`` in their places and a hash of the path behind.
    """
    # The root itself has no name to take a suffix from.
    name = (path.with_suffix("") if path.name else path).as_posix()
    if re.fullmatch("[A-Za-z0-9_]+(/[A-Za-z0-9_]+)*", name):
        return name.replace("/", "-")
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    readable = re.sub("[^A-Za-z0-9_]+", "-", name).strip("-")
    return f"{readable}-{digest}" if readable else digest


def speaker_of(path: Path) -> str:
    """Top folder of a path below the root; a clip without one is a speaker of its own."""
    if path.is_absolute():
        return path.parent.name
    return path.parts[0] if len(path.parts) > 1 else path.stem


def _of_path(root: Path, video: Path) -> Clip:
    path = video.relative_to(root)
    return Clip(make_key(path), "", speaker_of(path), video)


def _from_table(
    root: Path, path: Path, videos: Sequence[Path]
) -> tuple[list[Pending], list[Clip], bool]:
    """Clips of the table's rows, videos that no row names, and whether it says the splits."""
    rows, has_splits = _rows(root, path)
    pending: list[Pending] = []
    for below, row in rows:
        key = make_key(below)
        if row.start is not None or row.end is not None:
            span = (row.start or 0.0, row.end)
            key += "".join(f"-{round(1000 * s):08d}" for s in span if s is not None)
        speaker = row.speaker or speaker_of(below)
        pending.append((Clip(key, row.split, speaker, root / below), row))
    named = {os.path.realpath(clip.video) for clip, _ in pending}
    unused = [
        Clip(
            make_key(video.relative_to(root)),
            UNUSED,
            "",
            video,
            problem=f"not used: no row of {path} names it",
        )
        for video in videos
        if os.path.realpath(video) not in named
    ]
    return pending, unused, has_splits


def _rows(root: Path, path: Path) -> tuple[list[tuple[Path, Row]], bool]:
    """Rows of the table with the paths of their videos, and whether it says the splits.

    Raises:
        InputError: the table cannot be read, or one clip is in two splits.
    """
    rows, has_splits = read_table(path)
    found = [(path_below(root, row.video), row) for row in rows]
    first: dict[object, Row] = {}
    for below, row in found:
        known = first.setdefault((below, row.start or 0.0, row.end), row)
        if known.split != row.split:
            raise InputError(
                f"{row.video} is in two splits: {known.place} ({known.split}) and {row.place} "
                f"({row.split}); mend the table"
            )
    return found, has_splits


def _read_clip(pending: Pending, longest_s: float) -> list[Clip]:
    clip, source = pending
    try:
        return [_with_content(clip, source, longest_s)]
    except InputError as error:
        place = f"{source.place}: " if isinstance(source, Row) else ""
        return [replace(clip, problem=f"{place}{error}")]


def _with_content(clip: Clip, source: Row | Path | Missing, longest_s: float) -> Clip:
    try:
        str(clip.video).encode()
    except UnicodeEncodeError as error:
        raise InputError(f"its path is not UTF-8 ({error}); rename it") from error
    found = probe(clip.video)
    length = found.seconds
    if isinstance(source, Missing):
        raise InputError(source.problem)
    if isinstance(source, Row):
        text, start, end = source.checked_text(), source.start or 0.0, source.end
    else:
        text, start, end = read_sidecar(source), 0.0, None
    # Containers are a frame or two vague about their length.
    if start >= length or (end is not None and end > length + 0.1):
        raise InputError(f"{clip.video} is {length:.2f} s long; start or end lie behind it")
    stop = length if end is None else min(end, length)
    if not 0 <= start < stop:
        raise InputError(f"start {start} and end {stop} are not in order")
    if stop - start > longest_s:
        raise InputError(
            f"{stop - start:.1f} s is longer than longest_clip_s {longest_s:g}; cut it by start "
            "and end in a table"
        )
    return replace(
        clip,
        text=text,
        start=start,
        end=float("nan") if end is None else stop,
        duration_s=stop - start,
        version=version(clip.video, text.encode()),
        has_audio=found.audio,
    )
