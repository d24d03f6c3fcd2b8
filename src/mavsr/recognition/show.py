"""How transcripts show themselves in a notebook: a table of scales, a strip of mouth crops."""

import base64
from collections.abc import Sequence
from difflib import SequenceMatcher
from html import escape

from mavsr.recognition.segment import Segment, total
from mavsr.report.names import flops_unit, plain

_MOST_SEGMENTS = 20
"""Rows of the table; a talk of hours would fill the notebook."""


def page(segments: Sequence[Segment], scales: Sequence[str]) -> str:
    """HTML of a transcript, self-contained: what each scale costs, and what it says."""
    shown = segments[:_MOST_SEGMENTS]
    rows = "".join(_segment(segment, scales) for segment in shown)
    left = len(segments) - len(shown)
    more = f"<p>and {left} more segments</p>" if left else ""
    return f"{_costs(segments, scales)}<table>{_heads(scales)}{rows}</table>{more}"


def _costs(segments: Sequence[Segment], scales: Sequence[str]) -> str:
    costs = {scale: total(segments, scale) for scale in scales}
    factor, unit = flops_unit(max(cost["tflops"] for cost in costs.values()))
    rows = "".join(
        f"<tr><td>{escape(scale)}</td><td>{cost['tokens']:.0f}</td>"
        f"<td>{plain(cost['tflops'] * factor)}</td><td>{cost['seconds']:.2f}</td></tr>"
        for scale, cost in costs.items()
    )
    heads = f"<tr><th>scale</th><th>LLM tokens</th><th>{unit}</th><th>decoding, s</th></tr>"
    return f"<table>{heads}{rows}</table>"


def _heads(scales: Sequence[str]) -> str:
    names = "".join(f"<th>{escape(scale)}</th>" for scale in scales)
    return f"<tr><th>s</th>{names}<th>mouth</th></tr>"


def _segment(segment: Segment, scales: Sequence[str]) -> str:
    first = segment.readings[scales[0]].text
    cells = "".join(
        f'<td style="text-align:left">{marked(segment.readings[scale].text, first)}</td>'
        for scale in scales
    )
    return (
        f"<tr><td>{segment.start:.1f}–{segment.end:.1f}</td>{cells}"
        f'<td style="white-space:nowrap">{strip(segment.crops)}</td></tr>'
    )


def strip(crops: tuple[bytes, ...]) -> str:
    """Mouth crops (JPEG) side by side."""
    return "".join(
        f'<img alt="mouth" width="48" src="data:image/jpeg;base64,'
        f'{base64.b64encode(crop).decode()}">'
        for crop in crops
    )


def marked(text: str, other: str) -> str:
    """A text in HTML, its words that ``other`` has not at their place in ``<mark>``."""
    return " ".join(
        f"<mark>{escape(word)}</mark>" if differs else escape(word)
        for word, differs in differences(text, other)
    )


def differences(text: str, other: str) -> list[tuple[str, bool]]:
    """The words of a text, each with whether ``other`` lacks it at its place."""
    words = text.split()
    same: set[int] = set()
    for block in SequenceMatcher(None, words, other.split(), autojunk=False).get_matching_blocks():
        same.update(range(block.a, block.a + block.size))
    return [(word, number not in same) for number, word in enumerate(words)]
