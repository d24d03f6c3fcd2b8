"""``make`` of a corpus of kind portrait: the embedded corpus."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from mavsr.config.base import Key, settings
from mavsr.config.values import Count, Whole

MAKE = ("make_portrait",)


@settings("make")
class PortraitKeys:
    """Numbers of speakers and clips; clips are spread evenly over the speakers of a split.

    ``pretrain`` and ``trainval`` share their speakers, as in LRS3; test speakers are heard and seen
    nowhere else.
    """

    seed: Annotated[Whole, Key("Every sentence, voice and face follows from it", MAKE)] = 0
    trainval_speakers: Annotated[Count, Key("Speakers of pretrain and trainval", MAKE)] = 40
    test_speakers: Annotated[Count, Key("Speakers of test", MAKE)] = 10
    trainval_clips: Annotated[Whole, Key("Clips of one sentence", MAKE)] = 600
    pretrain_clips: Annotated[Whole, Key("Clips of several sentences", (*MAKE, "scan_corpus"))] = 50
    pretrain_sentences: Annotated[
        int, Strict(), Field(ge=1, le=20), Key("Sentences in each of these; 20 are a minute", MAKE)
    ] = 4
    text: Annotated[
        Literal["grid", "books"],
        Key(
            "grid: commands of the GRID grammar, for the toy models. books: sentences of ordinary "
            "English from books in the public domain, for real encoders and LLMs "
            "(docs/data.md)",
            MAKE,
        ),
    ] = "grid"
    test_clips: Annotated[
        Whole, Key("Clips of one sentence that occurs in no other split", MAKE)
    ] = 200
