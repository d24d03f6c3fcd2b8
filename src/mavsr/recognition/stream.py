"""The parts of a recording, transcribed one window after the other at every scale that is wanted.

Crops and encoder tokens of a part are made once and serve all scales. While one window is decoded,
another thread reads the next, so that neither waits for the other and no more than two windows are
held, however long the recording.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import torch

from mavsr.media import SAMPLES_PER_FRAME, decode_audio, decode_video, encode_audio, encode_lossless
from mavsr.model.scales import Scale, modalities_of
from mavsr.mouths.ahead import ahead
from mavsr.mouths.align import CROP_SIZE
from mavsr.recognition.clip import there_of, tokens_of
from mavsr.recognition.loaded import Loaded, read_tokens
from mavsr.recognition.part import Part, read_part
from mavsr.recognition.segment import NOTHING, Reading, Segment, only
from mavsr.recognition.served import served
from mavsr.recognition.spans import Span
from mavsr.shards import Fields

Item = TypeVar("Item")
Settle = Callable[[Sequence[Segment], float], Sequence[Scale]]
"""(segments of the first window, seconds that all scales share) -> scales to go on with."""

TOGETHER = 16
"""Parts in a window: two of the batches in which a CPU encodes the toy model's audio."""

_SHOWN = 6
"""Mouth crops kept of a segment, for people to look at."""


def stream_segments(
    file: Path,
    spans: Sequence[Span],
    model: Loaded,
    scales: Sequence[Scale],
    settle: Settle | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Segment]:
    """Transcribe parts of a recording, in order.

    Args:
        file: the recording.
        spans: which parts.
        model: what transcribes them.
        scales: at which scales.
        settle: chooses, after the first window, which of the scales to go on with; the first
            window's segments then have only these.
        clock: seconds that pass.

    Raises:
        InputError: the file is damaged, or an encoder refuses a part.

    """
    # A model of several tasks hears and sees no more than these scales ask for.
    wanted = modalities_of(scales)
    parts = ahead(
        ((span, read_part(file, span, wanted, model.setup.crops)) for span in spans), TOGETHER
    )
    begun = clock()
    for window in _windows(parts, TOGETHER):
        with _a_core_left():
            segments, shared_s = read_window(window, model, scales, begun, clock)
        if settle:
            scales, settle = settle(segments, shared_s), None
            segments = [only(segment, scales) for segment in segments]
        yield from segments
        begun = clock()


@contextmanager
def _a_core_left() -> Iterator[None]:
    """Leave a core to whoever reads the next window: threads that wait for one spin meanwhile."""
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads - 1))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def read_window(
    window: Sequence[tuple[Span, Part]],
    model: Loaded,
    scales: Sequence[Scale],
    begun: float,
    clock: Callable[[], float],
) -> tuple[list[Segment], float]:
    """Transcribe some parts of a recording together.

    Args:
        window: where each lies, and what is known of it.
        model: what transcribes them.
        scales: at which scales.
        begun: when work on the window began, by ``clock``.
        clock: seconds that pass.

    Returns:
        the segments, and the seconds since ``begun`` until tokens were there.

    Raises:
        InputError: an encoder refuses a part.

    """
    # key -> scale that was asked for -> the one that is decoded
    trained = model.network.settings.scales
    plans = {
        span.key: {one: served(one, there_of(part.fields), trained) for one in scales}
        for span, part in window
    }
    tokens = _tokens({span.key: part.fields for span, part in window}, plans, model)
    shared_s = clock() - begun
    found: dict[tuple[str, Scale | None], Reading] = {}
    for scale in dict.fromkeys(one for plan in plans.values() for one in plan.values() if one):
        clips = {key: rows for key, rows in tokens.items() if scale in plans[key].values()}
        for key, reading in read_tokens(clips, model, scale, clock).items():
            found[key, scale] = reading
    return [
        Segment(
            span.start,
            span.end,
            {one.name: found.get((span.key, plans[span.key][one]), NOTHING) for one in scales},
            "flac" in part.fields,
            "mkv" in part.fields,
            part.people,
            part.remarks,
            thumbnails(part.fields),
        )
        for span, part in window
    ], shared_s


def _tokens(
    parts: Mapping[str, Fields],
    plans: Mapping[str, Mapping[Scale, Scale | None]],
    model: Loaded,
) -> dict[str, dict[str, torch.Tensor]]:
    """Key -> tokens of all that its scales take; parts that take the same are encoded together."""
    alike: dict[tuple[str, ...], dict[str, Fields]] = {}
    for key, fields in parts.items():
        if taken := modalities_of(one for one in plans[key].values() if one):
            alike.setdefault(taken, {})[key] = _completed(fields, taken)
    tokens: dict[str, dict[str, torch.Tensor]] = {}
    for taken, clips in alike.items():
        encoders = {m: model.encoders[m] for m in taken}
        tokens |= zip(clips, tokens_of(clips, encoders, model.setup.features), strict=True)
    return tokens


def _completed(fields: Fields, taken: Collection[str]) -> Fields:
    """Fields with black crops or silence for what is missing, as masks of training show them.

    A model that only knows both was trained on clips with both, of which time masks blacken
    pictures and silence audio for a while.
    """
    there = there_of(fields)
    if "video" in taken and "video" not in there:
        frames = max(1, len(decode_audio(fields["flac"])) // SAMPLES_PER_FRAME)
        black = np.zeros((CROP_SIZE, CROP_SIZE, 3), np.uint8)
        return {**fields, "mkv": encode_lossless(black for _ in range(frames))}
    if "audio" not in taken or "audio" in there:
        return fields
    frames = len(decode_video(fields["mkv"]))
    return {**fields, "flac": encode_audio(np.zeros(frames * SAMPLES_PER_FRAME, np.float32))}


def thumbnails(fields: Fields) -> tuple[bytes, ...]:
    """Some mouth crops of a clip, evenly spaced, as JPEG; none if it has none."""
    if "mkv" not in fields:
        return ()
    crops = decode_video(fields["mkv"])
    chosen = np.linspace(0, len(crops) - 1, min(_SHOWN, len(crops))).round().astype(int)
    encoded = (cv2.imencode(".jpg", crops[n][..., ::-1])[1] for n in chosen)
    return tuple(image.tobytes() for image in encoded)


def _windows(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while window := list(islice(items, size)):
        yield window
