"""Transcripts as files: plain text, SubRip, WebVTT, JSON."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mavsr.recognition.cues import cues
from mavsr.recognition.segment import Segment, total
from mavsr.report.names import flops_unit, plain


def in_a_line(text: str) -> str:
    """A text without ends of lines, which an LLM may write too."""
    return " ".join(text.split())


def as_text(segments: Sequence[Segment], scales: Sequence[str], about: dict[str, Any]) -> str:
    """A line per utterance at one scale; several stand side by side, as :func:`as_table` has it."""
    if len(scales) > 1:
        return as_table(segments, scales, about)
    texts = (in_a_line(segment.readings[scales[0]].text) for segment in segments)
    return "".join(f"{text}\n" for text in texts if text)


def as_srt(segments: Sequence[Segment], scales: Sequence[str], about: dict[str, Any]) -> str:
    """SubRip; players take it from a file beside the video."""
    blocks = (
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{cue.text}\n"
        for number, cue in enumerate(cues(segments, scales[0]), start=1)
    )
    return "\n".join(blocks)


def as_vtt(segments: Sequence[Segment], scales: Sequence[str], about: dict[str, Any]) -> str:
    """WebVTT; browsers take it as a ``<track>``."""
    blocks = (
        f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{_escaped(cue.text)}\n"
        for cue in cues(segments, scales[0])
    )
    return "\n".join(["WEBVTT\n", *blocks])


def as_json(segments: Sequence[Segment], scales: Sequence[str], about: dict[str, Any]) -> str:
    """All that is known: see :meth:`mavsr.recognition.segment.Segment.as_dict`."""
    content = {
        **about,
        "scales": {scale: total(segments, scale) for scale in scales},
        "segments": [segment.as_dict() for segment in segments],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def as_table(segments: Iterable[Segment], scales: Sequence[str], about: dict[str, Any]) -> str:
    """Every scale side by side, for people: tokens, FLOPs, seconds of decoding, text."""
    segments = list(segments)
    costs = {scale: total(segments, scale) for scale in scales}
    factor, unit = flops_unit(max(cost["tflops"] for cost in costs.values()))
    width = max(map(len, ["scale", *scales]))
    lines = []
    for segment in segments:
        lines.append(f"{_time(segment.start, '.')} to {_time(segment.end, '.')}")
        lines += [
            f"  {scale:{width}} {one.tokens:7d} {plain(one.tflops * factor):>10} "
            f"{one.seconds:8.2f}  {in_a_line(one.text)}"
            for scale, one in segment.readings.items()
        ]
    sums = [
        f"  {scale:{width}} {cost['tokens']:7.0f} {plain(cost['tflops'] * factor):>10} "
        f"{cost['seconds']:8.2f}"
        for scale, cost in costs.items()
    ]
    head = f"  {'scale':{width}} {'tokens':>7} {unit:>10} {'seconds':>8}  text"
    return "\n".join([head, *lines, "all of it", *sums]) + "\n"


Format = Callable[[Sequence[Segment], Sequence[str], dict[str, Any]], str]
"""(segments, names of scales of which the first counts, what else is known) -> the file's text."""

FORMATS: dict[str, Format] = {
    "text": as_text,
    "srt": as_srt,
    "vtt": as_vtt,
    "json": as_json,
}
"""Name -> how it is written."""

SUFFIXES = {"text": ".txt", "srt": ".srt", "vtt": ".vtt", "json": ".json"}


def _time(seconds: float, point: str) -> str:
    """``01:02:03,456`` for a point of ``,``."""
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    whole, rest = divmod(rest, 1000)
    return f"{hours:02d}:{minutes:02d}:{whole:02d}{point}{rest:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
