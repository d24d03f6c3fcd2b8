"""What is counted: words, or characters where a language writes no spaces between words.

Where a sentence is one "word", a word error rate is the share of sentences with an error. Papers on
Chinese, Japanese or Thai report character error rates instead.
"""

import logging
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from typing import Literal

from mavsr.config.scoring import ScoringSettings
from mavsr.evaluation.normalisers import normaliser

Unit = Literal["word", "character"]
RATE_NAMES = {"word": "WER", "character": "CER"}
"""What an error rate over a unit is called."""
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"  # Japanese and Chinese
)
"""Letters of scripts that are written without spaces between words."""


def unit_of(texts: Iterable[str]) -> Unit:
    """``character`` if most letters of some texts are of scripts without spaces, else ``word``."""
    letters = [sign for text in texts for sign in text if sign.isalpha()]
    unspaced = sum(_UNSPACED.match(letter) is not None for letter in letters)
    return "character" if 2 * unspaced > len(letters) else "word"


def characters(text: str) -> str:
    """The characters of a text with spaces between them; its own spaces do not count.

    Marks stay with the letter that carries them, as readers take both for one character.
    """
    found: list[str] = []
    for sign in "".join(text.split()):
        if found and unicodedata.category(sign).startswith("M"):
            found[-1] += sign
        else:
            found.append(sign)
    return " ".join(found)


def counted_unit(scoring: ScoringSettings, references: Iterable[str]) -> Unit:
    """The unit that a corpus' rates are in; a warning where that is not what a reader expects."""
    texts = list(references)
    own = unit_of(texts)
    if scoring.unit == "auto":
        if own == "character":
            _warn_once(
                f"transcripts such as {texts[0][:20]!r} are written without spaces, so characters "
                "are counted in place of words (scoring.unit: auto)"
            )
        return own
    if scoring.unit == "word" and own == "character":
        _warn_once(
            f"scoring.unit is word, and transcripts such as {texts[0][:20]!r} are written without "
            "spaces: a sentence with one error counts as wrong whole; take character, or auto"
        )
    return scoring.unit


@cache
def _warn_once(message: str) -> None:
    """Log a warning, once however many files of a corpus are scored."""
    logging.warning(message)


def counting(scoring: ScoringSettings, references: Iterable[str]) -> Callable[[str], str]:
    """What makes of a text what is counted: its words or characters with spaces between them.

    Args:
        scoring: normaliser and unit.
        references: of the split.
    """
    return text_form(scoring, counted_unit(scoring, references))


def text_form(scoring: ScoringSettings, unit: Unit) -> Callable[[str], str]:
    """The same for a given unit."""
    clean = normaliser(scoring.normaliser)
    return clean if unit == "word" else lambda text: characters(clean(text))
