"""From phonemes to mouth shapes: a target per viseme, blended over time (coarticulation).

A mouth shape has eight numbers (:data:`PARAMETERS`). Every phoneme pulls each of them towards its
target with a strength of its own, while it lasts and, fading over some 40 ms, before and after.
Where pulls overlap, the shape is their weighted mean: the dominance model of Cohen and Massaro,
"Modeling coarticulation in synthetic visual speech" (1993). So lips that must close do close,
and a consonant made by the tongue takes its lip shape from its neighbours.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from mavsr.errors import InputError
from mavsr.toy.portrait.speech import Span

PARAMETERS = {
    "open": "distance between the lips; 1 is that of a clear 'ah'",
    "jaw": "distance between the teeth; 1 is that of a clear 'ah'",
    "width": "distance between the corners, 1 at rest",
    "round": "protrusion, 0 to 1: fuller lips and a shadow under them",
    "press": "lips pressed together, 0 to 1",
    "tuck": "lower lip drawn under the upper teeth, 0 to 1",
    "tongue": "height of the tongue, 0 on the floor to 1 at the upper teeth",
    "tip": "tongue tip between the teeth, 0 to 1",
}
FADE_S = 0.022
"""Standard deviation of the fade in and out: about 40 ms from a tenth to a half of the pull."""

# Targets and pulls in the order of PARAMETERS. A pull of 1 is an ordinary vowel's.
_VISEMES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "rest": ((0.0, 0.0, 1.0, 0.0, 0.1, 0, 0.3, 0), (0.7, 0.7, 0.7, 0.7, 0.7, 1, 1, 1)),
    "bilabial": ((0.0, 0.1, 0.98, 0.0, 1.0, 0, 0.3, 0), (14, 1.0, 1.0, 0.6, 14, 4, 0.5, 2)),
    "labiodental": ((0.1, 0.1, 1.02, 0.0, 0.0, 1, 0.2, 0), (6, 3, 1.5, 2.0, 4, 14, 1, 2)),
    "dental": ((0.42, 0.28, 1.04, 0.0, 0.0, 0, 0.8, 1), (4, 4, 1.2, 1.5, 2, 4, 4, 8)),
    "alveolar": ((0.34, 0.22, 1.04, 0.0, 0.0, 0, 0.95, 0), (1.6, 2, 0.5, 0.5, 2, 4, 3, 2)),
    "sibilant": ((0.34, 0.0, 1.14, 0.0, 0.0, 0, 0.7, 0), (3, 5, 1.4, 1.2, 2, 4, 2, 2)),
    "lateral": ((0.55, 0.5, 1.02, 0.0, 0.0, 0, 1.0, 0.35), (2.5, 2.5, 0.5, 0.5, 2, 4, 5, 4)),
    "postalveolar": ((0.46, 0.0, 0.78, 0.7, 0.0, 0, 0.6, 0), (4, 5, 3.5, 3.5, 2, 4, 2, 2)),
    "rhotic": ((0.36, 0.3, 0.72, 0.65, 0.0, 0, 0.45, 0), (2, 2, 2.5, 2.5, 2, 4, 2, 2)),
    "velar": ((0.42, 0.45, 1.0, 0.0, 0.0, 0, 0.1, 0), (1.2, 1.6, 0.3, 0.3, 2, 4, 2, 2)),
    "glottal": ((0.5, 0.5, 1.0, 0.0, 0.0, 0, 0.2, 0), (0.2, 0.2, 0.1, 0.1, 1, 4, 0.5, 2)),
    "palatal": ((0.3, 0.2, 1.12, 0.0, 0.0, 0, 0.6, 0), (1.2, 1.2, 0.7, 0.7, 2, 4, 2, 2)),
    "w": ((0.14, 0.15, 0.6, 1.0, 0.0, 0, 0.1, 0), (5, 2, 5, 5, 2, 4, 1, 2)),
    "u": ((0.28, 0.25, 0.66, 1.0, 0.0, 0, 0.2, 0), (1.8, 1, 2.5, 2.5, 1, 2, 1, 2)),
    "o": ((0.66, 0.62, 0.7, 0.75, 0.0, 0, 0.1, 0), (1, 1, 1.6, 1.6, 1, 2, 1, 2)),
    "upsilon": ((0.36, 0.3, 0.72, 0.6, 0.0, 0, 0.2, 0), (1, 1, 1.3, 1.3, 1, 2, 1, 2)),
    "a": ((1.0, 1.0, 1.0, 0.0, 0.0, 0, 0.0, 0), (1.2, 1.2, 1, 1, 1, 2, 1, 2)),
    "ae": ((0.84, 0.75, 1.1, 0.0, 0.0, 0, 0.15, 0), (1, 1, 1, 1, 1, 2, 1, 2)),
    "e": ((0.6, 0.48, 1.12, 0.0, 0.0, 0, 0.3, 0), (1, 1, 1, 1, 1, 2, 1, 2)),
    "i": ((0.36, 0.12, 1.26, 0.0, 0.0, 0, 0.6, 0), (1, 1, 1.2, 1.2, 1, 2, 1, 2)),
    "ih": ((0.4, 0.25, 1.14, 0.0, 0.0, 0, 0.5, 0), (1, 1, 1, 1, 1, 2, 1, 2)),
    "mid": ((0.46, 0.42, 1.0, 0.05, 0.0, 0, 0.25, 0), (0.6, 0.6, 0.5, 0.5, 1, 2, 1, 2)),
}

# espeak's phoneme names, without stress marks, in English accents; a diphthong has two parts.
PHONEMES: dict[str, tuple[str, ...]] = {
    "_": ("rest",), "_:": ("rest",), "_|": ("rest",), "_!": ("rest",),
    "p": ("bilabial",), "b": ("bilabial",), "m": ("bilabial",),
    "f": ("labiodental",), "v": ("labiodental",),
    "T": ("dental",), "D": ("dental",), "t[": ("dental",), "d[": ("dental",),
    "t": ("alveolar",), "t#": ("alveolar",), "t2": ("alveolar",), "d": ("alveolar",),
    "n": ("alveolar",), "n-": ("alveolar",),
    "s": ("sibilant",), "z": ("sibilant",),
    "l": ("lateral",), "L": ("lateral",), "@L": ("mid", "lateral"),
    "tS": ("postalveolar",), "dZ": ("postalveolar",), "S": ("postalveolar",),
    "Z": ("postalveolar",),
    "r": ("rhotic",), "r-": ("rhotic",), "r/": ("rhotic",),
    "k": ("velar",), "g": ("velar",), "N": ("velar",),
    "h": ("glottal",), "?": ("glottal",),
    "j": ("palatal",), ";": ("palatal",),
    "w": ("w",), "w#": ("w",),
    "u:": ("u",), "U": ("upsilon",),
    "O:": ("o",), "O@": ("o",), "o@": ("o",), "0": ("o",), "oU": ("o", "u"),
    "OI": ("o", "i"), "O2": ("o",), "U@": ("upsilon", "mid"),
    "aI": ("a", "ih"), "aI2": ("a", "ih"), "aU": ("a", "u"), "A:": ("a",), "A@": ("a",),
    "aa": ("a",), "aI@": ("a", "ih", "mid"), "aI3": ("a", "ih", "mid"),
    "a": ("ae",), "a#": ("mid",), "@": ("mid",), "@2": ("mid",), "@5": ("mid",), "@-": ("mid",),
    "V": ("mid",), "3:": ("mid",), "3": ("mid",), "VR": ("mid", "rhotic"),
    "E": ("e",), "eI": ("e", "i"), "e@": ("e", "mid"),
    "i:": ("i",), "i": ("i",), "I": ("ih",), "I2": ("ih",), "I#": ("ih",), "IR": ("ih", "rhotic"),
    "i@": ("i", "mid"), "i@3": ("i", "mid"),
}  # fmt: skip


def mouth_shapes(phonemes: Sequence[Span], times: np.ndarray) -> np.ndarray:
    """The mouth at the given times.

    Args:
        phonemes: what is spoken; silence at both ends counts as rest.
        times: (T,) seconds.

    Returns:
        float (T, 8), columns as in :data:`PARAMETERS`.

    Raises:
        InputError: a phoneme has no viseme.
    """
    targets, pulls, starts, ends = [], [], [], []
    for phoneme in [
        Span("_", -9.0, phonemes[0].start),
        *phonemes,
        Span("_", phonemes[-1].end, 9e3),
    ]:
        if phoneme.name not in PHONEMES:
            raise InputError(
                f"espeak phoneme {phoneme.name!r} has no mouth shape; "
                f"add it to PHONEMES in {__name__}"
            )
        parts = PHONEMES[phoneme.name]
        edges = np.linspace(phoneme.start, phoneme.end, len(parts) + 1)
        for part, start, end in zip(parts, edges[:-1], edges[1:], strict=True):
            target, pull = _VISEMES[part]
            targets.append(target)
            pulls.append(pull)
            starts.append(start)
            ends.append(end)
    presence = ndtr((times[:, None] - starts) / FADE_S) - ndtr((times[:, None] - ends) / FADE_S)
    weight = presence[:, :, None] * np.array(pulls) + 1e-9
    return (weight * np.array(targets)).sum(1) / weight.sum(1)
