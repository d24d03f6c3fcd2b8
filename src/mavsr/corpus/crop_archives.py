"""Samples of a WebDataset archive of crops, and what is wrong with them."""

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from mavsr.corpus.clips import UNUSED, Clip, version
from mavsr.corpus.crop_files import probe_audio, probe_crops
from mavsr.corpus.folder import make_key
from mavsr.corpus.members import address, opened
from mavsr.corpus.names import is_clutter, is_video
from mavsr.corpus.transcripts import decode_text, text_of
from mavsr.corpus.visible import printable, visible
from mavsr.errors import InputError
from mavsr.media import FRAME_RATE

AUDIO_SUFFIXES = {".wav", ".flac"}
Members = dict[str, tarfile.TarInfo]
"""Extension in lower case (``.mp4``) -> member."""


@dataclass
class Sample:
    """Neighbours in an archive whose names are equal up to the first dot.

    Attributes:
        key: that part of the names, with their folder.
        members: its files.
        problem: why it cannot be used; empty if nothing is known against it.
    """

    key: str
    members: Members = field(default_factory=dict)
    problem: str = ""


def read_archive(source: tuple[str, Path]) -> list[Clip]:
    """The clips of a split's archive; bad ones carry a problem, a damaged archive is one."""
    split, archive = source
    clips: list[Clip] = []
    try:
        with opened(archive) as tar:
            for sample in _samples(tar):
                clips.append(_clip(split, archive, sample, tar))
    except InputError as error:
        clips.append(Clip(make_key(Path(archive.name)), split, "", archive, problem=str(error)))
    return clips


def _samples(tar: tarfile.TarFile) -> Iterator[Sample]:
    sample = Sample("")
    try:
        for member in tar:
            path = PurePosixPath(member.name)
            upwards = ".." in path.parts
            if member.isdir() or is_clutter(Path(*(p for p in path.parts if p != ".."))):
                continue
            base, _, extension = path.name.partition(".")
            key = str(path.with_name(base))
            if key != sample.key and sample.members:
                yield sample
            if key != sample.key:
                sample = Sample(key)
            sample.members[f".{extension.lower()}"] = member
            if upwards:
                sample.problem = f"{member.name} leads out of its archive by '..'; rename it"
            elif not member.isfile():
                sample.problem = f"{member.name} is a link or a device; put the file itself there"
    except tarfile.TarError:
        if sample.members:
            sample.problem = "its archive breaks off or is damaged behind it"
            yield sample
        raise
    if sample.members:
        yield sample


def _clip(split: str, archive: Path, sample: Sample, tar: tarfile.TarFile) -> Clip:
    key, members = sample.key, sample.members
    videos = [name for name in members if is_video(Path(f"x{name}"))]
    place = address(archive, members[videos[0]].name if videos else key)
    clip = Clip(make_key(Path(f"{key}.mp4")), split, "", place, problem=sample.problem)
    if sample.problem:
        return clip
    if not videos:
        what = f"no video in this sample, which has {', '.join(members)}"
        return replace(clip, split=UNUSED, problem=what)
    if len(videos) > 1:
        names = ", ".join(members[name].name for name in videos[:3])
        what = (
            f"{archive}: {len(videos)} videos in the sample {key} ({names}), as a key ends at the"
        )
        return replace(clip, problem=f"{what} first dot of a name; rename them")
    try:
        return _with_content(clip, archive, members, videos[0], tar)
    except InputError as error:
        return replace(clip, problem=str(error))


def _with_content(
    clip: Clip, archive: Path, members: Members, video: str, tar: tarfile.TarFile
) -> Clip:
    try:
        str(clip.video).encode()
    except UnicodeEncodeError as error:
        raise InputError(f"its path is not UTF-8 ({error}); rename it") from error
    crops = probe_crops(_opened(tar, members[video]), str(clip.video))
    audio = next((name for name in members if name in AUDIO_SUFFIXES), None)
    if audio:
        probe_audio(_opened(tar, members[audio]), str(address(archive, members[audio].name)))
    text, speaker = _about(archive, members, tar)
    if not text:
        raise InputError(f"{clip.video}: no text in a .txt, or under 'text' in a .json, beside it")
    return replace(
        clip,
        text=text,
        speaker=speaker or clip.key,
        audio=address(archive, members[audio].name) if audio else None,
        has_audio=bool(audio) or crops.audio,
        duration_s=crops.frames / FRAME_RATE,
        version=f"{members[video].size}-{version(archive, text.encode())}",
    )


def _about(archive: Path, members: Members, tar: tarfile.TarFile) -> tuple[str, str]:
    """Text and speaker, empty where none is named; a ``.txt`` has the last word on the text.

    Raises:
        InputError: a file is not what its suffix says, or what it says is no text.
    """
    about: dict[str, Any] = {}
    if ".json" in members:
        about = _parsed(
            _opened(tar, members[".json"]).read(), address(archive, members[".json"].name)
        )
    if ".txt" in members:
        content = _opened(tar, members[".txt"]).read()
        about["text"] = decode_text(content, f"transcript {address(archive, members['.txt'].name)}")
    text, speaker = about.get("text", ""), about.get("speaker")
    if not isinstance(text, str):
        raise InputError(
            f"{address(archive, members['.json'].name)}: 'text' is {text!r}, no string"
        )
    speaker = "" if speaker is None else visible(str(speaker)).strip()
    # JSON can write halves of characters, which no file can hold.
    for value in (text, speaker):
        if value != printable(value):
            raise InputError(
                f"{address(archive, members['.json'].name)}: {value!r} holds half a character"
            )
    return text_of(text), speaker


def _parsed(content: bytes, place: Path) -> dict[str, Any]:
    try:
        about = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place} is no JSON ({error})") from error
    if not isinstance(about, dict):
        raise InputError(f"{place} holds no JSON object with a key 'text'")
    return about


def _opened(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Any:
    return tar.extractfile(member)
