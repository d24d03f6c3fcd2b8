"""How methods and their variants are told apart in figures: in print, in grey, by the colour-blind.

Colours are those of Okabe and Ito; hatches and markers say the same again without colour.
"""

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from matplotlib.colors import to_rgb

from mavsr.report.names import rank, variant_rank

EDGED: dict[str, Any] = {"mec": "0.15", "mew": 0.5}
"""Edges of markers, which tell pale ones from the paper."""
LINES = ("-", "--", ":", "-.")
FILLS = ("full", "none", "left", "right")
WHITES = (0.0, 0.65, 0.35, 0.9)
EDGES = (EDGED["mew"], 1.0, EDGED["mew"], EDGED["mew"])
"""What variants of one method differ in: line, filling of the marker, share of white in bars, and
width of the marker's edge, as a hollow one has no other place for its colour."""


@dataclass(frozen=True)
class Look:
    """How a method is drawn, or one of its variants."""

    colour: str
    marker: str
    hatch: str
    line: str = "-"
    fill: str = "full"
    """Of the marker, as matplotlib calls it."""
    white: float = 0.0
    """Share of white in the face of a bar."""
    edge: float = EDGED["mew"]
    """Width of the marker's edge (points)."""

    @property
    def face(self) -> tuple[float, ...]:
        """Colour of a bar."""
        return tuple(self.white + (1 - self.white) * part for part in to_rgb(self.colour))

    @property
    def mark(self) -> dict[str, Any]:
        """Marker, filling and edge, as matplotlib's lines take them."""
        edge = self.colour if self.fill == "none" else EDGED["mec"]
        marker = {"marker": self.marker, "fillstyle": self.fill, "mfcalt": "white"}
        return {**marker, "mec": edge, "mew": self.edge}


Looks = dict[tuple[str, str], Look]
"""(method, variant) -> how it is drawn."""
LOOKS = {
    "llama-avsr": Look("#999999", "s", ""),
    "mtsk-ms": Look("#56b4e9", "o", "////", "--"),
    "mtsk-ss": Look("#e69f00", "^", "....", "-."),
    "mtsk-mss": Look("#0072b2", "D", "xxxx", ":"),
    "mome-mhsa-i": Look("#f0e442", "<", "\\\\\\\\", ":"),
    "mome-mhsa": Look("#d55e00", "P", "||||", "-"),
    "mome-ffn": Look("#cc79a7", "X", "----", "--"),
    "mome-layer": Look("#009e73", "v", "++++", "-."),
    "avgpool-at-inference": Look("#4d4d4d", "*", "oooo"),
    "llama-mt": Look("#999999", "p", "//", "--"),
    "omni-s": Look("#56b4e9", "h", "..", "-"),
    "omni-t": Look("#e69f00", ">", "xx", "-"),
    "omni-st": Look("#0072b2", "d", "||", "-"),
    "omni-mome": Look("#d55e00", "H", "++", ":"),
}


def look(method: str) -> Look:
    """How ``method`` is drawn; unknown ones in black."""
    return LOOKS.get(method, Look("#000000", "h", "**"))


def varied(drawn: Look, place: int) -> Look:
    """The look of a variant by its place among its method's; the first has the method's own."""
    turn, step = divmod(place, len(FILLS))
    lines = [drawn.line, *(line for line in LINES if line != drawn.line)]
    return replace(
        drawn,
        line=lines[(step + turn) % len(lines)],
        fill=FILLS[step],
        white=WHITES[step],
        hatch=drawn.hatch + turn * "oo",
        edge=EDGES[step] + turn * 0.7,
    )


def looks(scores: pd.DataFrame) -> Looks:
    """Looks of all rows of a figure, so that a variant has one in all panels."""
    systems = methods_of(scores)
    variants = {m: [variant for other, variant in systems if other == m] for m, _ in systems}
    return {(m, v): varied(look(m), variants[m].index(v)) for m, v in systems}


def methods_of(scores: pd.DataFrame) -> list[tuple[str, str]]:
    """(method, variant) of all rows, in the papers' order."""
    found = set(zip(scores.method, scores.variant, strict=True))
    return sorted(found, key=lambda pair: (rank(pair[0]), variant_rank(pair[1])))
