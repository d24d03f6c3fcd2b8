"""Named ways to make transcripts comparable before words are counted."""

from collections.abc import Callable

import jiwer
from transformers.models.whisper.english_normalizer import BasicTextNormalizer

from mavsr.errors import InputError

NORMALISERS: dict[str, Callable[[str], str]] = {
    "none": str.lower,
    "punctuation": lambda text: jiwer.RemovePunctuation()(text.lower()),
    "whisper-basic": BasicTextNormalizer(),
}
"""Name -> function of a text. ``none`` lower-cases only, as the papers do; ``punctuation`` also
drops punctuation marks, apostrophes among them; ``whisper-basic`` is Whisper's for any language,
which turns them into spaces and drops what stands in brackets."""


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
