"""``scoring``: what is counted, and what it is compared with."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from mavsr.config.base import Key, settings
from mavsr.config.values import Whole
from mavsr.model.methods import method_of


def _known(method: str | None) -> str | None:
    if method is not None:
        try:
            method_of(method)
        except ValueError as error:
            raise ValueError(str(error)) from None
    return method


SCORES = ("score_experiment", "check_results", "write_results", "score_validation")
COMPARED = (*SCORES, "compare_systems")
COUNTS = (*COMPARED, "adapt_scales", "judge_confidence", "write_errors", "write_clips")


@settings("scoring")
class ScoringSettings:
    """How hypotheses are scored."""

    normaliser: Annotated[
        Literal["none", "punctuation", "whisper-basic"],
        Key(
            "What is done to texts before words are counted: none (lower case alone, as the papers "
            "do), punctuation (marks dropped, but for points and commas within numbers and for %, "
            "&, @ and #, which are said) or whisper-basic (Whisper's for other languages than "
            "English; refused where it would drop vowel marks, as of Hindi)",
            COUNTS,
        ),
    ] = "none"
    unit: Annotated[
        Literal["auto", "word", "character"],
        Key(
            "What is counted. auto takes words, and characters where a corpus' transcripts are in "
            "a script without spaces between words (Chinese, Japanese, Thai, ...)",
            COUNTS,
        ),
    ] = "auto"
    baseline: Annotated[
        str | None,
        AfterValidator(_known),
        Key(
            "Method that p-values compare with, at the same scale; null compares none",
            (*COMPARED, "draw_figure if compared"),
        ),
    ] = "llama-avsr"
    seed: Annotated[Whole, Key("Of the bootstrap", COMPARED)] = 0
