"""Named ways to make transcripts comparable before words are counted."""

import re
import unicodedata
from collections.abc import Callable
from functools import cache

from mavsr.errors import InputError

_WITHIN = "'’ʼ＇.,·"
"""Marks that stand within a word or number (it's, U.S., 1,000) and are dropped without a gap."""
_SPOKEN = "%‰&@#"
"""Marks that are said, as words are; each counts as one."""
_DECIMAL = re.compile(r"(?<=\d)[.,](?=\d)(?!\d{3}(?!\d))")
"""A point or comma in a number, but for one before three digits, as those of thousands stand."""


def without_punctuation(text: str) -> str:
    """Lower case without punctuation marks; a dash or slash between words parts them.

    Apostrophes, full stops and commas are dropped without a gap, so that ``it's`` is ``its``,
    ``U.S.`` is ``us`` and ``1,000`` is ``1000``; but ``3.5`` is not ``35``. Vowel marks, as in
    Hindi or Arabic, stay, and marks that are said (``50 %``) are words.
    """
    decimals = {found.start() for found in _DECIMAL.finditer(text)}
    parts = (sign if place in decimals else _without(sign) for place, sign in enumerate(text))
    return " ".join("".join(parts).lower().split())


def _without(sign: str) -> str:
    """What becomes of a character."""
    if sign in _SPOKEN:
        return f" {sign} "
    if sign in _WITHIN:
        return ""
    return " " if unicodedata.category(sign).startswith("P") else sign


def whisper_basic(text: str) -> str:
    """Whisper's normaliser for any language: marks and symbols become spaces, brackets go.

    Raises:
        InputError: the text has marks that belong to its letters, such as the vowels of Hindi or
            Arabic. Whisper's normaliser takes them out, so that different words count as equal.
    """
    marks = [s for s in unicodedata.normalize("NFKC", text) if unicodedata.category(s)[0] == "M"]
    if marks:
        name = unicodedata.name(marks[0], f"U+{ord(marks[0]):04X}")
        raise InputError(
            f"scoring.normaliser whisper-basic drops marks that tell words apart in {text[:60]!r} "
            f"({name}), so different words would count as the same; take none or punctuation"
        )
    return _whisper()(text)


@cache
def _whisper() -> Callable[[str], str]:
    # Imported here, because it brings two seconds of a library that other normalisers do without.
    from transformers.models.whisper.english_normalizer import BasicTextNormalizer

    return BasicTextNormalizer()


NORMALISERS: dict[str, Callable[[str], str]] = {
    "none": str.lower,
    "punctuation": without_punctuation,
    "whisper-basic": whisper_basic,
}
"""Name -> function of a text. ``none`` lower-cases only, as the papers do."""


def normaliser(name: str) -> Callable[[str], str]:
    """The normaliser called ``name``.

    Raises:
        InputError: there is none of that name.
    """
    if name not in NORMALISERS:
        raise InputError(
            f"scoring.normaliser {name!r} is unknown; choose from {', '.join(NORMALISERS)}"
        )
    return NORMALISERS[name]
