"""The parts of a recording, transcribed one window after the other at every scale that is wanted.

Crops and encoder tokens of a part are made once and serve all scales. While one window is decoded,
another thread reads the next, so that neither waits for the other and no more than two windows are
held, however long the recording.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import torch

from mavsr.encoders import Encoder
from mavsr.media import SAMPLES_PER_FRAME, decode_audio, decode_video, encode_audio, encode_lossless
from mavsr.model.scales import Scale, modalities_of
from mavsr.mouths.ahead import ahead
from mavsr.mouths.align import CROP_SIZE
from mavsr.recognition.clip import tokens_of
from mavsr.recognition.loaded import Loaded, read_tokens
from mavsr.recognition.part import Part, read_part
from mavsr.recognition.segment import Reading, Segment, only
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
    encoders = {m: model.encoders[m] for m in modalities_of(scales)}
    model = replace(model, encoders=encoders)
    parts = ahead(
        ((span, read_part(file, span, model.encoders, model.setup.crops)) for span in spans),
        TOGETHER,
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
    usable = {span.key: part for span, part in window if part.fields}
    clips = {key: _completed(part.fields, model.encoders) for key, part in usable.items()}
    found = tokens_of(clips, model.encoders, model.setup.features)
    tokens = dict(zip(usable, found, strict=True))
    shared_s = clock() - begun
    readings: dict[str, dict[str, Reading]] = {key: {} for key in tokens}
    for scale in scales:
        for key, reading in read_tokens(tokens, model, scale, clock).items():
            readings[key][scale.name] = reading
    nothing = {scale.name: Reading("", 0.0, 0, 0.0, 0.0) for scale in scales}
    return [
        Segment(
            span.start,
            span.end,
            readings.get(span.key, nothing),
            "flac" in part.fields,
            "mkv" in part.fields,
            part.people,
            part.remarks,
            thumbnails(part.fields),
        )
        for span, part in window
    ], shared_s


def _completed(fields: Fields, encoders: Mapping[str, Encoder]) -> Fields:
    """Fields with black crops or silence for what is missing, as masks of training show them.

    A model that hears and sees was trained on clips with both, of which time masks blacken pictures
    and silence audio for a while.
    """
    if len(fields) == len(encoders):
        return fields
    if "flac" in fields:
        frames = len(decode_audio(fields["flac"])) // SAMPLES_PER_FRAME
        black = np.zeros((CROP_SIZE, CROP_SIZE, 3), np.uint8)
        return {**fields, "mkv": encode_lossless(black for _ in range(frames))}
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
