"""``noise``: babble, and how it is mixed into audio."""

from typing import Annotated

from pydantic import Field

from mavsr.config.base import Key, settings
from mavsr.config.values import Count, Name, Positive, Share, Snr, Text, Whole

VIEWS = ("mix_views", "train_model if online and hears")
TOY_VIEWS = (*VIEWS, "make_whisper")
"""Where training views are made; the toy Whisper has SNRs of its own."""
ALL_NOISE = ("mix_noise", *TOY_VIEWS)
NOISEX_HZ = 19_980
"""Sampling rate of NOISEX-92 (Varga and Steeneken, Speech Communication 12, 1993)."""


@settings("noise.made")
class BabbleSettings:
    """Babble mixed from the voices of the training split."""

    seed: Annotated[Whole, Key("Of the order of utterances", ("make_babble",))] = 0
    voices: Annotated[
        Count,
        Key("Voices at once; few are intelligible, many are a murmur", ("make_babble",)),
    ] = 20
    seconds: Annotated[Positive, Key("Length of the babble", ("make_babble",), unit="s")] = 60.0


@settings("noise")
class NoiseSettings:
    """How audio is masked and mixed."""

    seed: Annotated[
        Whole,
        Key("Of masks, SNRs and offsets", ALL_NOISE),
    ] = 0
    test_share: Annotated[
        Share,
        Key(
            "Share of the babble, at its end, that tests alone hear; training hears what is before "
            "it. 0: both hear all of it, as in the papers",
            ALL_NOISE,
        ),
    ] = 0.2
    snrs: Annotated[
        tuple[Snr, ...],
        Field(min_length=1),
        Key(
            "What training views draw their SNR from, uniformly; clean adds no noise. The papers "
            "draw from -5 to 20 and clean; with only two views, fewer show each often enough",
            decides=VIEWS,
            unit="dB",
        ),
    ] = (-5.0, 0.0, 5.0, 10.0, "clean")
    mask_samples: Annotated[
        Whole,
        Key(
            "Training views have one span masked, shorter than this, per mask_stride; 0 masks "
            "nothing. The papers' 6400 would hide whole words of the embedded corpus",
            decides=TOY_VIEWS,
            unit="samples at 16 kHz",
        ),
    ] = 1600
    mask_stride: Annotated[
        Count, Key("One masked span is drawn per so many", TOY_VIEWS, unit="samples at 16 kHz")
    ] = 16_000


TESTED = "tested"
"""In place of a corpus: the one whose clips are tested."""


@settings("noises")
class NamedNoise:
    """A further noise for tests: give one of `file`, `folder` and `corpus`."""

    file: Annotated[
        Text | None,
        Key(
            "A recording: an audio file of any rate, or a MATLAB file as of NOISEX-92. What is "
            "shorter than a clip is repeated",
            ("import_noise",),
            plans=True,
        ),
    ] = None
    mat_hz: Annotated[
        Count,
        Key(
            "Sampling rate of a MATLAB file, which does not state it; other files do",
            ("import_noise",),
            unit="Hz",
        ),
    ] = NOISEX_HZ
    folder: Annotated[
        Text | None,
        Key(
            "Recordings of any rate, in folders below it too, such as musan/music; a clip gets a "
            "random one, or several if it is longer",
            ("list_noise",),
            plans=True,
        ),
    ] = None
    corpus: Annotated[
        Name | None,
        Key(
            "A name under `corpora`, or `tested`, the corpus that is tested: a random speaker of "
            "the test split talks, never the clip's own",
            plans=True,
        ),
    ] = None

    def __post_init__(self) -> None:
        given = [name for name in ("file", "folder", "corpus") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"give one of file, folder and corpus, not {' and '.join(given) or 'none'}"
            )
