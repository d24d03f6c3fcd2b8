"""Find the transcript of every video: a file of the same name, beside it or in another folder."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mavsr.corpus.names import files_below

SIDECARS = (".txt", ".align")
"""Suffixes of transcript files, in upper or lower case, the preferred one first."""
_NAMED = 3


@dataclass(frozen=True)
class Missing:
    """In place of a transcript that is not there: what is known of it."""

    problem: str


def find_sidecars(
    root: Path, texts: Path, videos: Sequence[Path]
) -> tuple[list[tuple[Path, Path | Missing]], list[tuple[Path, str]]]:
    """Each video with its transcript, and the transcripts that no video has, with the reason.

    Args:
        root: folder of the videos.
        texts: folder of the transcripts, laid out like ``root``; often the same.
        videos: below ``root``.
    """
    files = [*files_below(texts)]
    found = _by_path(texts, files)
    elsewhere = defaultdict(list)
    for path in found:
        elsewhere[path.name].append(path)
    counts = Counter(suffix for options in found.values() for suffix in options)
    # Most of a tree's transcripts are of one kind; one that is missing is probably of it too.
    usual = max(SIDECARS, key=lambda suffix: counts[suffix])
    pairs: list[tuple[Path, Path | Missing]] = []
    taken = set()
    for video in videos:
        path = video.relative_to(root).with_suffix("")
        taken.add(path)
        if options := found.get(path):
            pairs.append((video, min(options.items(), key=lambda o: SIDECARS.index(o[0]))[1]))
        else:
            others = [next(iter(found[other].values())) for other in elsewhere[path.name]]
            pairs.append((video, _missing(texts / f"{path}{usual}", others)))
    orphans = {path: options for path, options in found.items() if path not in taken}
    beside = _unread(root, files if texts == root else [*files_below(root)], orphans)
    return pairs, [
        (text, beside.get(path, "no video for it"))
        for path, options in orphans.items()
        for text in options.values()
    ]


def _by_path(texts: Path, files: Sequence[Path]) -> dict[Path, dict[str, Path]]:
    """Path below ``texts`` without suffix -> suffix in lower case -> transcript."""
    found: dict[Path, dict[str, Path]] = defaultdict(dict)
    for file in files:
        if file.suffix.lower() in SIDECARS:
            found[file.relative_to(texts).with_suffix("")][file.suffix.lower()] = file
    return dict(found)


def _missing(expected: Path, others: Sequence[Path]) -> Missing:
    problem = f"transcript {expected} is missing"
    if others:
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        problem += (
            f"; of this name there is {', '.join(map(str, others[:_NAMED]))}{more}: if that is "
            "its text, move it there, or name both in a table"
        )
    return Missing(problem)


def _unread(root: Path, files: Sequence[Path], orphans: Mapping[Path, object]) -> dict[Path, str]:
    """Path below ``root`` without suffix -> which file of that name is not taken for a video."""
    return {
        path: f"no video for it; {file} has no suffix of a video"
        for file in files
        if (path := file.relative_to(root).with_suffix("")) in orphans
        and file.suffix.lower() not in SIDECARS
    }
