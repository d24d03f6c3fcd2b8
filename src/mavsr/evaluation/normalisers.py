"""Named ways to make transcripts comparable before words are counted."""

import unicodedata
from collections.abc import Callable
from functools import cache

from mavsr.errors import InputError

_WITHIN = "'’ʼ＇.,·"
"""Marks that stand within a word or number (it's, U.S., 1,000) and are dropped without a gap."""


def without_punctuation(text: str) -> str:
    """Lower case without punctuation marks; a dash or slash between words parts them.

    Apostrophes, full stops and commas are dropped without a gap, so that ``it's`` is ``its``,
    ``U.S.`` is ``us`` and ``1,000`` is ``1000``. Vowel marks, as in Hindi or Arabic, stay.
    """
    parts = (
        "" if sign in _WITHIN else " " if unicodedata.category(sign).startswith("P") else sign
        for sign in text.lower()
    )
    return " ".join("".join(parts).split())


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
