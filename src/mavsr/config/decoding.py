"""``decoding`` and ``scoring``: beam search, and what is counted."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from mavsr.config.base import Key, settings
from mavsr.config.values import Count, Positive, Whole

TopP = Annotated[float, Strict(), Field(gt=0, le=1)]
DECODED = ("decode", "decode_validation")
DRAWN = tuple(f"{rule} if paper" for rule in DECODED)


@settings("decoding.sampling")
class SamplingSettings:
    """Beam sampling, with what Llama 3's generation settings switch on in the public code.

    Draws are seeded by utterance: the public code's distribution, not its draws.
    """

    temperature: Annotated[
        Positive, Key("Divides log-probabilities before tokens are drawn", DRAWN)
    ] = 0.6
    top_k: Annotated[
        Whole,
        Key(
            "So many of the likeliest tokens can be drawn; 0 sets no bound. 50 is the library's "
            "own default, which the public code leaves in force",
            DRAWN,
        ),
    ] = 50
    top_p: Annotated[
        TopP, Key("The likeliest tokens that hold this much probability can be drawn", DRAWN)
    ] = 0.9
    seed: Annotated[Whole, Key("With an utterance's key it decides what is drawn", DRAWN)] = 0


@settings("decoding")
class DecodingSettings:
    """Beam search over a batch of utterances."""

    profile: Annotated[
        Literal["deterministic", "paper"],
        Key(
            "deterministic takes the likeliest continuations; paper draws them, as Llama 3's "
            "generation settings make the public code do, but seeded by utterance",
            decides=DECODED,
        ),
    ] = "deterministic"
    beams: Annotated[Count, Key("Beam width (15 in the papers)", DECODED)] = 15
    max_new_tokens: Annotated[
        Count,
        Key(
            "Longest transcript; those of the embedded corpus have 6 (32 in the public code)",
            decides=DECODED,
            unit="tokens of the LLM",
        ),
    ] = 12
    nbest: Annotated[
        Count,
        Key(
            "Transcripts of an utterance that are written, best first, with their log-probability; "
            "there are no more than `beams`",
            decides=DECODED,
        ),
    ] = 5
    batch_tokens: Annotated[
        Count,
        Key(
            "Most tokens in a batch's cache: utterances x (longest prefix + beams x "
            "max_new_tokens)",
            runs=DECODED,
            unit="tokens of the LLM",
        ),
    ] = 6000
    sampling: Annotated[SamplingSettings, Key("Of profile paper alone")] = SamplingSettings()
