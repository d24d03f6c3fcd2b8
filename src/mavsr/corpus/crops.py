"""Read mouth crops that others made: auto_avsr's tree with its lists, or WebDataset archives.

``kind: crops``. The tree is ``<dataset>/<dataset>_video_seg16s/**.mp4`` with a ``.wav`` beside each
video, named by lists (mavsr.corpus.labels); an archive holds ``<key>.mp4``, ``<key>.wav`` and
``<key>.txt`` or ``<key>.json``. Which list or archive is of which split is given, nothing is drawn.
"""

import logging
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
from mavsr.corpus.names import exists, files_below, is_clutter, is_video, path_below
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
            InputError: the root is no folder, a name cannot be read, or one of them is not there.
        """
        if not root.is_dir():
            raise InputError(
                f"no corpus at {root.absolute()}, which is not a folder; set the corpus' root to "
                "the folder that holds the crops (docs/data.md)"
            )
        found: dict[str, list[Path]] = {split: [] for split in SPLITS}
        for split, names in asdict(self.splits).items():
            for name in names or ():
                found[split] += _files(root, split, name)
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
                entries += [
                    (split, replace(label, video=path_below(root, label.video))) for label in labels
                ]
                clips += [
                    Clip(f"{make_key(Path(path.name))}-line-{number}", split, "", path, problem=why)
                    for number, why in wrong.items()
                ]
        read = partial(_read_label, root)
        clips += read_in_parallel(read, entries, f"crops of {root.absolute().name}")
        _warn_of_shared(clips)
        return clips + _unlisted(root, [label for _, label in entries])


def _files(root: Path, split: str, pattern: str) -> list[Path]:
    """The files that a name with braces and stars stands for."""
    try:
        found = {name: _matches(root, name) for name in braceexpand.braceexpand(pattern)}
    except ValueError as error:
        raise InputError(f"splits.{split} names {pattern}: {error}") from error
    for name, files in found.items():
        if not files:
            place = (root / name).absolute()
            raise InputError(f"splits.{split} names {name}, but there is no {place}")
    return [file for files in found.values() for file in files]


def _matches(root: Path, name: str) -> list[Path]:
    """The file of that name, or those that its stars stand for, but clutter; sorted."""
    place = root / name
    if exists(place):
        return [place]
    top = Path(place.anchor) if Path(name).is_absolute() else root
    found = sorted(top.glob(str(place.relative_to(top))))
    return [file for file in found if file.is_file() and not _is_clutter(root, file)]


def _is_clutter(root: Path, place: Path) -> bool:
    below = path_below(root, place)
    # Elsewhere a hidden folder is the user's own choice.
    return is_clutter(Path(below.name) if below.is_absolute() else below)


def _read_label(root: Path, entry: tuple[str, Label]) -> list[Clip]:
    split, label = entry
    video = root / label.video
    parts, key = _parts(label.video), _key(label.video)
    clip = Clip(key, split, parts[-2] if len(parts) > 2 else key, video)
    try:
        return [_with_content(clip, label)]
    except InputError as error:
        return [replace(clip, problem=f"{label.place}: {error}")]


def _with_content(clip: Clip, label: Label) -> Clip:
    if not exists(clip.video):
        raise InputError(f"{clip.video} is missing")
    crops = probe_crops(clip.video, str(clip.video))
    if abs(crops.frames - label.frames) > FRAMES_TOLERATED:
        raise InputError(f"{label.frames} frames are listed, {clip.video} has {crops.frames}")
    audio = clip.video.with_suffix(".wav")
    beside = exists(audio)
    if beside:
        probe_audio(audio, str(audio))
    text = _text(clip.video, label)
    return replace(
        clip,
        text=text,
        audio=None if crops.audio and not beside else audio,
        has_audio=beside or crops.audio,
        duration_s=crops.frames / FRAME_RATE,
        version=version(clip.video, f"{text} {version(audio, b'') if beside else ''}".encode()),
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


def _parts(video: Path) -> tuple[str, ...]:
    """``<dataset>/<rel_path>`` without the folder that all have in common."""
    parts = video.parts[video.is_absolute() :]
    common = len(parts) > 1 and re.fullmatch(rf"{re.escape(parts[0])}_video_seg\d+s", parts[1])
    return (parts[0], *parts[2:]) if common else parts


def _key(video: Path) -> str:
    return make_key(Path(*_parts(video)))


def _warn_of_shared(clips: Sequence[Clip]) -> None:
    held_out = {clip.key for clip in clips if clip.split in ("val", "test") and not clip.problem}
    shared = held_out & {clip.key for clip in clips if clip.split == "train" and not clip.problem}
    if shared:
        _log.warning("%d clips of val or test are in train too, as the lists say", len(shared))


def _unlisted(root: Path, labels: Sequence[Label]) -> list[Clip]:
    """Videos in the listed ones' top folders that no list names; elsewhere nobody looks."""
    below = [label.video for label in labels if not label.video.is_absolute()]
    named = {root / video for video in below}
    tops = {root.joinpath(*video.parent.parts[:2]) for video in below}
    found = {path for top in tops for path in files_below(top)}
    return [
        Clip(_key(path.relative_to(root)), UNUSED, "", path, problem="not used: no list names it")
        for path in sorted(found - named)
        if is_video(path)
    ]
