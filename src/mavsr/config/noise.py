"""``noise``: babble, and how it is mixed into audio."""

from typing import Annotated

from pydantic import Field

from mavsr.config.base import Key, settings
from mavsr.config.values import Count, Positive, Snr, Whole

VIEWS = ("mix_noise if view", "train_model if online and hears")
TOY_VIEWS = (*VIEWS, "make_whisper")
"""Where training views are made; the toy Whisper has SNRs of its own."""


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
        Key("Of masks, SNRs and offsets", ("mix_noise", *TOY_VIEWS[1:])),
    ] = 0
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
