"""Read LRS2: ``mvlrs_v1/{main,pretrain}/<broadcast>/<clip>.mp4`` and ``.txt``, and four lists.

The lists ``train.txt``, ``val.txt`` and ``test.txt`` name clips of main/, ``pretrain.txt`` those of
pretrain/, one ``<broadcast>/<clip>`` a line; test.txt has a second column (``NF``, ``MV``), which
is ignored. They are handed out apart from the videos, so they may lie in mvlrs_v1 or beside it.
"""

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

from mavsr.corpus.clips import Clip
from mavsr.corpus.lrs import PRETRAIN, LrsReader, Source, check_tree, list_videos, misplaced
from mavsr.corpus.transcripts import read_text, split_lines
from mavsr.errors import InputError

TREE, MAIN = "mvlrs_v1", "main"
ADVICE = (
    "Set the corpus' root to the folder that holds these (or to mvlrs_v1 itself; the lists may lie "
    "in it or beside it). LRS2 is handed out by the BBC to academic institutions: docs/data.md"
)

_log = logging.getLogger(__name__)


class Lrs2(LrsReader):
    """How LRS2 is read; its validation split is its own."""

    def check(self, root: Path) -> None:
        """See mavsr.corpus.clips.Reader."""
        self._find(root)

    def read(self, root: Path, seed: int) -> list[Clip]:
        """See mavsr.corpus.clips.Reader; nothing is drawn, so ``seed`` has no effect."""
        tree, lists = self._find(root)
        sources, again = _without_repetitions(_listed(tree, lists))
        named = {source.video for source in sources}
        extra = [
            Source("", part, video).refused("not used: no list names it", unused=True)
            for part in self.parts(MAIN)
            for video in list_videos(tree / part)
            if video not in named
        ]
        astray = [clip for part in self.parts(MAIN) for clip in misplaced(tree, tree / part)]
        if extra or astray:
            _log.warning("%d clips of the tree are in no list", len(extra) + len(astray))
        return [*self.utterances(root, sources), *again, *extra, *astray]

    def _find(self, root: Path) -> tuple[Path, dict[str, Path]]:
        """The folder that holds the parts, and the list of every split (and of pretrain)."""
        tree = root if not (root / TREE).is_dir() and (root / MAIN).is_dir() else root / TREE
        names = self.parts("train", "val", "test")
        places = [tree, tree.absolute().parent]
        lists = {
            name: next((p / f"{name}.txt" for p in places if (p / f"{name}.txt").is_file()), None)
            for name in names
        }
        base = root if tree == root else tree.parent
        wanted = {
            str((tree / part).relative_to(base)): "/<broadcast>/<clip>.mp4 and .txt"
            for part in self.parts(MAIN)
        }
        wanted |= {
            f"{name}.txt" if path is None else os.path.relpath(path, base): ""
            for name, path in lists.items()
        }
        advice = ADVICE
        if self.pretrain:
            advice += ". To train on main/ alone, set `pretrain: false`"
        check_tree(base, wanted, advice)
        return tree, {name: path for name, path in lists.items() if path is not None}


def _listed(tree: Path, lists: dict[str, Path]) -> Iterator[tuple[Source, str]]:
    """Every entry of the lists, with the place where it stands."""
    for name, path in lists.items():
        part, split = (PRETRAIN, "train") if name == PRETRAIN else (MAIN, name)
        for number, line in enumerate(split_lines(read_text(path, "list")), start=1):
            fields = line.split()
            if not fields:
                continue
            if not re.fullmatch("[^/]+/[^/]+", fields[0]):
                raise InputError(
                    f"list {path}, line {number}: {line!r} is not '<broadcast>/<clip>'"
                )
            video = tree / part / f"{fields[0].removesuffix('.mp4')}.mp4"
            yield Source(split, part, video), f"{path.name}, line {number}"


def _without_repetitions(
    entries: Iterator[tuple[Source, str]],
) -> tuple[list[Source], list[Clip]]:
    """Each source once, and the repeated entries as unused clips.

    Raises:
        InputError: a clip is in two splits.
    """
    first: dict[Path, tuple[Source, str]] = {}
    again = []
    for source, place in entries:
        known, known_place = first.setdefault(source.video, (source, place))
        if known_place == place:
            continue
        if known.split != source.split:
            raise InputError(
                f"{source.video} is in two splits: {known_place} and {place}; mend the lists"
            )
        again.append(source.refused(f"{place} repeats {known_place}", unused=True))
    return [source for source, _ in first.values()], again
