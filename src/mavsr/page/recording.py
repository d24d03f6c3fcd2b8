"""One upload: what is known of it, and the steps in which the model reads it."""

import base64
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mavsr.errors import InputError
from mavsr.media import read_audio
from mavsr.model.scales import Scale, modalities_of
from mavsr.mouths.audio import has_audio
from mavsr.page.alter import Listening
from mavsr.page.work import Task
from mavsr.recognition.part import Part, read_part
from mavsr.recognition.recogniser import Recogniser
from mavsr.recognition.segment import Segment
from mavsr.recognition.served import indispensable
from mavsr.recognition.spans import Span, check_tracks, length_s
from mavsr.recognition.stream import read_window

MOST_SECONDS = 600.0
"""Longest recording that the page takes."""

TOGETHER = 4
"""Parts in a step: the first transcripts come soon, and others get their turn."""

_FORGOTTEN_S = 45.0
"""A page asks several times a second; one that has not asked for so long was closed."""

_BUCKETS = 1200
"""Columns of the waveform."""


@dataclass(eq=False)
class Reading:
    """A recording under one :class:`Listening`.

    Attributes:
        task: what makes it.
        segments: those that are there.

    """

    task: Task
    segments: list[Segment] = field(default_factory=list)


@dataclass(eq=False)
class Recording:
    """An upload.

    Attributes:
        path: the file, alone in a folder with a secret name.
        name: what the user calls it.
        seconds: how long it is, as soon as that is known.
        wave: loudest sample of each of some equal parts, from 0 to 1.
        spans: its utterances, as soon as they are known.
        readings: how it was listened to -> what was read.
        asked: when a page last asked for it (monotonic).

    """

    path: Path
    name: str
    seconds: float = 0.0
    wave: list[float] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    readings: dict[Listening, Reading] = field(default_factory=dict)
    asked: float = field(default_factory=time.monotonic)

    @property
    def token(self) -> str:
        """The secret name."""
        return self.path.parent.name

    def touch(self) -> None:
        """A page asks for it."""
        self.asked = time.monotonic()

    def wanted(self) -> bool:
        """Whether a page still asks for it."""
        return time.monotonic() - self.asked < _FORGOTTEN_S

    def first_steps(self, model: Recogniser, scales: Sequence[Scale]) -> Iterator[None]:
        """Find the utterances, and read them as they are."""
        try:
            self._measure()
            yield
            if model.takes_whole(self.path):
                check_tracks(self.path, indispensable(scales, scales))
                self.spans = [Span(0.0, self.seconds, 0.0, self.seconds)]
            else:
                self.spans = model.plan(self.path).spans
            yield
            modalities = modalities_of(scales)
            reading = self.readings[Listening()]
            for numbers in _steps(len(self.spans)):
                parts = [
                    read_part(self.path, self.spans[n], modalities, model.setup.crops)
                    for n in numbers
                ]
                for number, part in zip(numbers, parts, strict=True):
                    self._keep(number, part)
                reading.segments += _read(model, scales, [self.spans[n] for n in numbers], parts)
                yield
            if not any(segment.heard or segment.seen for segment in reading.segments):
                raise InputError("; ".join(reading.segments[0].remarks))
        except InputError as error:
            # People know their file by its own name, not by where it lies here.
            raise InputError(str(error).replace(str(self.path), self.name)) from error

    def more_steps(
        self, model: Recogniser, scales: Sequence[Scale], listening: Listening
    ) -> Iterator[None]:
        """Read it once more, as ``listening`` says; the first reading must be complete."""
        reading = self.readings[listening]
        for numbers in _steps(len(self.spans)):
            kept = [(self.spans[n], self._kept(n)) for n in numbers]
            parts = [listening.of(part, span.key) for span, part in kept]
            reading.segments += _read(model, scales, [span for span, _ in kept], parts)
            yield

    def _measure(self) -> None:
        self.seconds = length_s(self.path)
        if self.seconds > MOST_SECONDS:
            raise InputError(
                f"{self.name} lasts {_duration(self.seconds)}; this page takes up to "
                f"{_duration(MOST_SECONDS)}, and `mavsr transcribe` takes recordings of any length"
            )
        if has_audio(self.path):
            audio = np.nan_to_num(np.abs(read_audio(self.path)))  # JSON knows no NaN
            parts = np.array_split(audio, min(_BUCKETS, len(audio)))
            self.wave = [round(float(part.max()), 3) for part in parts]

    def _keep(self, number: int, part: Part) -> None:
        for suffix, content in part.fields.items():
            (self.path.parent / f"part{number}.{suffix}").write_bytes(content)

    def _kept(self, number: int) -> Part:
        first = self.readings[Listening()].segments[number]
        files = {s: self.path.parent / f"part{number}.{s}" for s in ("mkv", "flac")}
        fields = {suffix: path.read_bytes() for suffix, path in files.items() if path.exists()}
        return Part(fields, first.people, first.remarks)


def _steps(count: int) -> list[range]:
    return [range(n, min(n + TOGETHER, count)) for n in range(0, count, TOGETHER)]


def _read(
    model: Recogniser, scales: Sequence[Scale], spans: Sequence[Span], parts: Sequence[Part]
) -> list[Segment]:
    window = [*zip(spans, parts, strict=True)]
    segments, _ = read_window(window, model.loaded, scales, time.perf_counter(), time.perf_counter)
    return segments


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"


def shown(segment: Segment) -> dict[str, Any]:
    """A segment for the page, its crops as data URLs."""
    urls = ["data:image/jpeg;base64," + base64.b64encode(c).decode() for c in segment.crops]
    return {**segment.as_dict(), "crops": urls}
