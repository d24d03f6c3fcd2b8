"""A part of a long recording as the mouths stage would store it: the speaker's mouth and the audio.

Where one face is seen without a cut, it is to the byte what the stage makes of that part.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from mavsr.errors import InputError
from mavsr.media import SAMPLES_PER_FRAME, encode_audio, encode_lossless, encode_x264
from mavsr.media.opening import opened
from mavsr.mouths.ahead import ahead
from mavsr.mouths.align import mouth_crops
from mavsr.mouths.audio import SilentError, read_heard
from mavsr.mouths.clip import CropSettings, fit
from mavsr.mouths.detectors import load_detector
from mavsr.mouths.guard import CropCheck, check_face, check_upright
from mavsr.mouths.people import People, Shot, choose_speaker, find_people
from mavsr.mouths.reel import Reel, held_memory
from mavsr.recognition.spans import Span
from mavsr.shards import Fields

_HELD_BYTES = 512 * 2**20
"""Room for 3 s of 1920x1080, or 140 s of 224x224; longer parts are decoded again for each reading
(:mod:`mavsr.mouths.reel`)."""


@dataclass(frozen=True)
class Part:
    """What is known of a part of a recording before the model has met it.

    Attributes:
        fields: ``mkv`` and ``flac``, as far as there are any.
        people: faces that are seen at once, most of the time.
        remarks: what is doubtful or missing, in words.

    """

    fields: Fields
    people: int = 0
    remarks: tuple[str, ...] = ()


def read_part(file: Path, span: Span, modalities: Collection[str], settings: CropSettings) -> Part:
    """Mouth crops of whoever speaks in a part of a file, and its audio.

    What cannot be had is left out, and the remarks say why; so does a face that is no use.

    Args:
        file: the recording.
        span: which part.
        modalities: what the model hears and sees.
        settings: how mouths are found.

    Raises:
        InputError: the file is damaged there.

    """
    remarks: list[str] = []
    audio = _listen(file, span, remarks) if "audio" in modalities else None
    seen = "video" in modalities and _has_video(file)
    if "video" in modalities and not seen:
        remarks.append("not seen: no video track")
    if not seen:
        return Part({} if audio is None else {"flac": encode_audio(audio)}, 0, tuple(remarks))
    heard = audio if audio is not None else _listen(file, span, [])
    frames = Reel(file, span.cut_start, span.cut_end, held_memory(_HELD_BYTES))
    fields: Fields = {}
    people = 0
    try:
        found = _find(frames, settings)
        people = _at_once(found)
        fields["mkv"] = _crop(found, frames, heard, settings, remarks)
    except InputError as error:
        if not frames.counted:
            raise
        remarks.append(f"not seen: {error}")
    if audio is not None:
        both = "mkv" in fields
        fields["flac"] = encode_audio(
            fit(audio, len(frames) * SAMPLES_PER_FRAME) if both else audio
        )
    return Part(fields, people, tuple(remarks))


def _has_video(file: Path) -> bool:
    with opened(file, "video") as found:
        return found.video is not None


def _listen(file: Path, span: Span, remarks: list[str]) -> np.ndarray | None:
    try:
        audio, doubts = read_heard(file, span.cut_start, span.cut_end)
    except SilentError as error:
        remarks.append(f"not heard: {error.kind}")
        return None
    remarks += doubts
    return audio


def _find(frames: Reel, settings: CropSettings) -> People:
    if settings.detector == "landmarks":
        raise InputError(
            "the model's setup takes ready-made landmarks, which a recording of one's own has not; "
            "write the setup anew with `mavsr seal` and a config whose mouths.detector is mediapipe"
        )
    detector = load_detector(settings.detector, settings.weights, settings.batch)
    return find_people(frames, detector, settings.detect_every)


def _at_once(people: People) -> int:
    """Faces in the median look: a detector's slips and passers-by do not count."""
    return int(np.median([sum(n in t.boxes for t in people.tracks) for n in people.planned]))


def _crop(
    people: People,
    frames: Reel,
    heard: np.ndarray | None,
    settings: CropSettings,
    remarks: list[str],
) -> bytes:
    """Mouth crops of the speaker of each shot, one after the other.

    Raises:
        InputError: no face is seen, or what is seen cannot be a mouth that speaks.

    """
    shots = choose_speaker(people, frames, heard)
    found = people.found(shots)
    if not found.seen.size:
        raise InputError("no face in any frame")
    remarks += check_face(found, settings.min_face_share)
    detector = load_detector(settings.detector, settings.weights, settings.batch)
    check_upright(found, frames, detector.looks()[found.way])
    check = CropCheck()
    crops = ahead(check.watch(_crops(found.landmarks, _covered(shots), frames)))
    crf = settings.crf
    stored = encode_lossless(crops) if crf is None else encode_x264(crops, crf)
    remarks += check.judge()
    return stored


def _covered(shots: Sequence[Shot]) -> list[tuple[int, int]]:
    """Spans of frames with one face each; those without one go to the face before, or after."""
    spans: list[tuple[int, int]] = []
    for shot in shots:
        if shot.track is not None:
            spans.append((spans[-1][1] if spans else 0, shot.last))
        elif spans:
            spans[-1] = spans[-1][0], shot.last
    return spans


def _crops(
    landmarks: np.ndarray, spans: Sequence[tuple[int, int]], frames: Reel
) -> Iterator[np.ndarray]:
    """Crops of each span by itself, so that no landmark is smoothed across a cut."""
    stream = iter(frames)
    for first, last in spans:
        yield from mouth_crops(islice(stream, last - first), landmarks[first:last])
