"""Read mouth crops that others made: auto_avsr's tree with its lists, or WebDataset archives.

``kind: crops``. The tree is ``<dataset>/<dataset>_video_seg16s/**.mp4`` with a ``.wav`` beside each
video, named by lists (mavsr.corpus.labels); an archive holds ``<key>.mp4``, ``<key>.wav`` and
``<key>.txt`` or ``<key>.json``. Which list or archive is of which split is given, nothing is drawn.
"""

import logging
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import braceexpand

from mavsr.config.corpora import CropsKeys
from mavsr.corpus.clips import UNUSED, Clip, read_in_parallel, version
from mavsr.corpus.crop_archives import read_archive
from mavsr.corpus.crop_files import FRAMES_TOLERATED, probe_audio, probe_crops
from mavsr.corpus.folder import make_key
from mavsr.corpus.labels import Label, read_labels
from mavsr.corpus.manifest import SPLITS
from mavsr.corpus.names import files_below
from mavsr.corpus.transcripts import clean_text, read_sidecar
from mavsr.errors import InputError
from mavsr.media import FRAME_RATE

LIST, ARCHIVE = ".csv", ".tar"

_log = logging.getLogger(__name__)


class Crops(CropsKeys):
    """How ready-made crops are read."""

    def check(self, root: Path) -> None:
        """See mavsr.corpus.clips.Reader."""
        self.sources(root)

    def sources(self, root: Path) -> dict[str, list[Path]]:
        """Split -> its lists and archives.

        Raises:
            InputError: the root is no folder, or one of them is not there.
        """
        if not root.is_dir():
            raise InputError(
                f"no corpus at {root.absolute()}, which is not a folder; set the corpus' root to "
                "the folder that holds the crops (docs/data.md)"
            )
        found: dict[str, list[Path]] = {split: [] for split in SPLITS}
        for split, names in asdict(self.splits).items():
            for name in (name for given in names or () for name in braceexpand.braceexpand(given)):
                place = root / name
                paths = [place] if place.is_file() else sorted(place.parent.glob(place.name))
                if not paths:
                    raise InputError(
                        f"splits.{split} names {name}, but there is no {place.absolute()}"
                    )
                found[split] += paths
        return found

    def read(self, root: Path, seed: int) -> list[Clip]:
        """See mavsr.corpus.clips.Reader; nothing is drawn, so ``seed`` has no effect."""
        sources = [(split, path) for split, paths in self.sources(root).items() for path in paths]
        archives = [source for source in sources if source[1].suffix == ARCHIVE]
        clips = [*read_in_parallel(read_archive, archives, f"archives of {root.absolute().name}")]
        entries: list[tuple[str, Label]] = []
        for split, path in sources:
            if path.suffix == LIST:
                labels, wrong = read_labels(path)
                entries += [(split, _placed(root, label)) for label in labels]
                clips += [
                    Clip(f"{make_key(Path(path.name))}-line-{number}", split, "", path, problem=why)
                    for number, why in wrong.items()
                ]
        read = partial(_read_label, root)
        clips += read_in_parallel(read, entries, f"crops of {root.absolute().name}")
        _warn_of_shared(clips)
        return clips + _unlisted(root, [label for _, label in entries])


def _placed(root: Path, label: Label) -> Label:
    """A list's line with its video below the root, also if it says so by an absolute path."""
    video = Path(os.path.normpath(root / label.video))
    below = Path(os.path.normpath(root))
    return replace(label, video=video.relative_to(below) if video.is_relative_to(below) else video)


def _read_label(root: Path, entry: tuple[str, Label]) -> list[Clip]:
    split, label = entry
    video = root / label.video
    clip = Clip(_key(label.video), split, label.video.parent.name, video)
    try:
        return [_with_content(clip, label)]
    except InputError as error:
        return [replace(clip, problem=f"{label.place}: {error}")]


def _with_content(clip: Clip, label: Label) -> Clip:
    if not clip.video.is_file():
        raise InputError(f"{clip.video} is missing")
    crops = probe_crops(clip.video, str(clip.video))
    if abs(crops.frames - label.frames) > FRAMES_TOLERATED:
        raise InputError(f"{label.frames} frames are listed, {clip.video} has {crops.frames}")
    audio = clip.video.with_suffix(".wav")
    beside = audio.is_file()
    if beside:
        probe_audio(audio, str(audio))
    text = _text(clip.video, label)
    return replace(
        clip,
        text=text,
        audio=None if crops.audio and not beside else audio,
        has_audio=beside or crops.audio,
        duration_s=crops.frames / FRAME_RATE,
        version=version(clip.video, text.encode()),
    )


def _text(video: Path, label: Label) -> str:
    """Text of the list, or of auto_avsr's tree of texts."""
    if label.text is None:
        return read_sidecar(_in_text_tree(video).with_suffix(".txt"))
    text = clean_text(label.text)
    if not text:
        raise InputError("the transcript is empty")
    return text


def _in_text_tree(video: Path) -> Path:
    return Path(*(re.sub(r"_video_(seg\d+s)$", r"_text_\1", part) for part in video.parts))


def _key(video: Path) -> str:
    """Name of a clip, from ``<dataset>/<rel_path>`` without the folder that all have in common."""
    dataset, *folders = video.parts[video.is_absolute() :]
    if folders and re.fullmatch(rf"{re.escape(dataset)}_video_seg\d+s", folders[0]):
        folders = folders[1:]
    return make_key(Path(dataset, *folders))


def _warn_of_shared(clips: Sequence[Clip]) -> None:
    held_out = {clip.key for clip in clips if clip.split in ("val", "test") and not clip.problem}
    shared = held_out & {clip.key for clip in clips if clip.split == "train" and not clip.problem}
    if shared:
        _log.warning("%d clips of val or test are in train too, as the lists say", len(shared))


def _unlisted(root: Path, labels: Sequence[Label]) -> list[Clip]:
    """Videos in the listed ones' top folders that no list names; elsewhere nobody looks."""
    below = [label.video for label in labels if not label.video.is_absolute()]
    named = {root / video for video in below}
    tops = sorted({root.joinpath(*video.parts[:2]) for video in below})
    return [
        Clip(_key(path.relative_to(root)), UNUSED, "", path, problem="not used: no list names it")
        for top in tops
        if top.is_dir()
        for path in files_below(top)
        if path.suffix == ".mp4" and path not in named
    ]
