"""Read LRS3, or a tree in its layout.

That is ``{pretrain,trainval,test}/<speaker>/<clip>.mp4`` with a ``.txt`` beside each. LRS3 has no
validation split. Part of trainval is held out by speaker, or a list of clips says what is, or the
test split serves as validation, as in the papers' public code.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mavsr.config.corpora import Lrs3Keys
from mavsr.corpus.clips import Clip, draw_speakers
from mavsr.corpus.lrs import LrsReader, Source, check_tree, list_videos, misplaced
from mavsr.corpus.transcripts import read_text, split_lines
from mavsr.errors import InputError

TRAINVAL, TEST = "trainval", "test"
VALIDATION_IS_TEST = "test"
"""Value of ``validation`` that makes the test split the validation split."""
ADVICE = (
    "Set the corpus' root to the folder that holds these (docs/data.md). LRS3 is no longer handed "
    "out; without a copy, LRS2 alone is enough for the LRS2 half of the experiments: "
    "--config 'use_corpora=[lrs2]'"
)

_log = logging.getLogger(__name__)


class Lrs3(LrsReader, Lrs3Keys):
    """How LRS3 is read."""

    def check(self, root: Path) -> None:
        """See mavsr.corpus.clips.Reader."""
        advice = ADVICE
        if self.pretrain:
            advice += ". To train on trainval/ alone, set `pretrain: false`"
        wanted = dict.fromkeys(self.parts(TRAINVAL, TEST), "/<speaker>/<clip>.mp4 and .txt")
        check_tree(root, wanted, advice)

    def read(self, root: Path, seed: int) -> list[Clip]:
        """See mavsr.corpus.clips.Reader."""
        self.check(root)
        parts = self.parts(TRAINVAL, TEST)
        sources = [
            Source(TEST if part == TEST else "train", part, video)
            for part in parts
            for video in list_videos(root / part)
        ]
        astray = [clip for part in parts for clip in misplaced(root, root / part)]
        used, refused = self._with_validation(sources, seed)
        clips = [*self.utterances(root, used), *refused, *astray]
        if self.validation == VALIDATION_IS_TEST:
            _log.warning(
                "the validation split is the test split, as in the papers' public code: nothing "
                "may be chosen by looking at validation scores"
            )
            clips += [replace(clip, split="val") for clip in clips if clip.split == TEST]
        return clips

    def _with_validation(
        self, sources: Sequence[Source], seed: int
    ) -> tuple[list[Source], list[Clip]]:
        if self.validation == VALIDATION_IS_TEST:
            return list(sources), []
        if self.validation is not None:
            return hold_out_listed(sources, Path(self.validation))
        assert self.validation_share is not None
        return hold_out_share(sources, self.validation_share, seed)


def hold_out_share(
    sources: Sequence[Source], share: float, seed: int
) -> tuple[list[Source], list[Clip]]:
    """Turn speakers that hold ``share`` of the trainval clips into the validation split.

    Returns:
        The sources with their splits, and the pretrain clips of these speakers, refused: no
        validation speaker is heard in training.

    Raises:
        InputError: nobody is left to train on.
    """
    counts = Counter(source.speaker for source in sources if source.part == TRAINVAL)
    held_out = draw_speakers(counts, share * counts.total(), seed, "val")
    if held_out and all(source.speaker in held_out for source in sources if source.part != TEST):
        raise InputError(
            f"validation_share {share:g} holds out every speaker of training ({len(held_out)}); "
            "make it smaller, or give `validation` in its place (docs/data.md)"
        )
    used, refused = [], []
    for source in sources:
        if source.part == TEST or source.speaker not in held_out:
            used.append(source)
        elif source.part == TRAINVAL:
            used.append(replace(source, split="val"))
        else:
            problem = "not used: its speaker is held out for validation"
            refused.append(source.refused(problem, unused=True))
    return used, refused


def hold_out_listed(sources: Sequence[Source], path: Path) -> tuple[list[Source], list[Clip]]:
    """Turn the trainval clips that a list names into the validation split.

    Returns:
        The sources with their splits, and what the list names in vain, refused. Pretrain clips are
        left alone, whoever speaks in them, as with the list that AV-HuBERT distributes.

    Raises:
        InputError: the list is missing, unreadable or empty.
    """
    wanted = _read_ids(path)
    used = [
        replace(source, split="val")
        if source.part == TRAINVAL and _id(source) in wanted
        else source
        for source in sources
    ]
    found = {_id(source) for source in used if source.split == "val"}
    heard = {source.speaker for source in used if source.split == "train"}
    shared = {source.speaker for source in used if source.split == "val"} & heard
    if shared:
        _log.warning(
            "%d of the speakers of the validation split %s are heard in training too",
            len(shared),
            path,
        )
    refused = [
        Clip(
            f"{TRAINVAL}-{name.replace('/', '-')}",
            "val",
            "",
            Path(TRAINVAL, f"{name}.mp4"),
            problem=f"{path} names it, but there is no such clip in {TRAINVAL}/",
        )
        for name in wanted
        if name not in found
    ]
    return used, refused


def _id(source: Source) -> str:
    return f"{source.speaker}/{source.video.stem}"


def _read_ids(path: Path) -> dict[str, None]:
    """``<speaker>/<clip>`` of every line, each once, in order."""
    lines = split_lines(read_text(path, "list of validation clips"))
    names = [line.strip().removeprefix(f"{TRAINVAL}/").removesuffix(".mp4") for line in lines]
    wanted = dict.fromkeys(name for name in names if name)
    if not wanted:
        raise InputError(f"list of validation clips {path} is empty")
    return wanted
