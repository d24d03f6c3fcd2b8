"""How a page shows what a model made of an utterance: its words under those that were said."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from mavsr.evaluation.alignment import Alignment, Cell, align
from mavsr.evaluation.hypotheses import Recognised
from mavsr.report.names import plain

STYLE = """
.words { border-collapse: separate; border-spacing: 2px; }
.words th, .words td { border: 0; padding: .2rem .45rem; border-radius: 4px; }
.words th:first-child { position: sticky; left: 0; background: Canvas; }
.words .substituted { background: #f5c04255; text-decoration: underline wavy #b8860b; }
.words .deleted { background: #d9363e40; }
.words .add { background: #3b82f640; border-radius: 4px; padding: 0 .3rem; margin-left: .3rem; }
.words [style] { box-shadow: inset 0 -3px
  color-mix(in srgb, #0072b2 calc(100% * var(--p)), #d55e00); }
.words .quiet { color: var(--quiet); }
summary { cursor: pointer; color: var(--quiet); }
ol { margin: .3rem 0; }
"""
LEGEND = (
    '<p><span class="words"><span class="substituted">word</span></span> in place of another, '
    '<span class="words"><span class="deleted">–</span></span> missed, '
    '<span class="words"><span class="add">+word</span></span> nobody said. The line below a word '
    "goes from orange (the model gave it probability 0) to blue (1).</p>"
)


@dataclass(frozen=True)
class Attempt:
    """What one model made of an utterance at one scale."""

    rates: str
    """As in print, such as ``(4,2)``."""
    heard: list[str]
    """Words of the transcript, normalised."""
    alignment: Alignment
    found: Recognised | None
    """What beam search says of it; None for hypotheses of earlier versions."""
    tokens: int | None
    """Of the LLM before the transcript."""
    tflops: float | None
    """Of the LLM for these tokens."""

    def probability(self, place: int) -> float | None:
        """Of a word of the transcript; None if normalising changed how many words there are."""
        if self.found is None or len(self.found.words) != len(self.heard):
            return None
        return min(1.0, math.exp(self.found.words[place]))


def attempt(
    rates: str,
    said: str,
    heard: str,
    normalise: Callable[[str], str],
    found: Recognised | None = None,
    tokens: int | None = None,
    tflops: float | None = None,
) -> Attempt:
    """Compare a transcript with its reference; see :class:`Attempt` for the rest."""
    words = normalise(heard).split()
    return Attempt(rates, words, align(normalise(said).split(), words), found, tokens, tflops)


def words_table(
    said: Sequence[str], attempts: Sequence[Attempt], flops: tuple[float, str] | None = None
) -> str:
    """A table with the reference as its head and a row per attempt.

    Args:
        said: words of the reference, normalised.
        attempts: all of this reference.
        flops: factor and name of the unit of FLOPs; without it there are no numbers.
    """
    factor, unit = flops or (None, "")
    numbers = ["S+D+I", "tokens", unit, "p"] if flops else []
    head = ["rates", *map(escape, said), *numbers]
    rows = ["<tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr>"]
    rows += [_row(one, factor) for one in attempts]
    return f'<div class="wide"><table class="words">{"".join(rows)}</table></div>'


def _row(one: Attempt, factor: float | None) -> str:
    before = "".join(_added(*pair) for pair in one.alignment.before)
    cells = [
        _word(cell, one, before if place == 0 else "")
        for place, cell in enumerate(one.alignment.cells)
    ]
    if factor is None:
        return f"<tr><th>{escape(one.rates)}</th>{''.join(cells)}</tr>"
    a = one.alignment
    numbers = [
        f"{a.substitutions}+{a.deletions}+{a.insertions}",
        "" if one.tokens is None else f"{one.tokens}",
        "" if one.tflops is None else plain(one.tflops * factor),
        "" if one.found is None else f"{math.exp(one.found.log_probability):.2f}",
    ]
    quiet = "".join(f'<td class="quiet">{number}</td>' for number in numbers)
    return f"<tr><th>{escape(one.rates)}</th>{''.join(cells)}{quiet}</tr>"


def _word(cell: Cell, one: Attempt, before: str) -> str:
    p = None if cell.place is None else one.probability(cell.place)
    tip = "" if p is None else f' style="--p:{p:.3f}" title="probability {p:.2f}"'
    added = "".join(_added(*pair) for pair in cell.inserted)
    return f'<td class="{cell.kind}"{tip}>{before}{escape(cell.heard) or "–"}{added}</td>'


def _added(word: str, place: int) -> str:
    return f'<span class="add">+{escape(word)}</span>'


def nbest_list(one: Attempt) -> str:
    """The other transcripts that the search found, folded; nothing if there are none."""
    if one.found is None or len(one.found.nbest) < 2:
        return ""
    items = "".join(
        f"<li>{escape(text) or '(nothing)'} <small>{value:.2f}</small></li>"
        for text, value in one.found.nbest
    )
    summary = f"<summary>{len(one.found.nbest)} best at {escape(one.rates)}</summary>"
    return f"<details>{summary}<ol>{items}</ol></details>"
