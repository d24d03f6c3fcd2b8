"""The audio of one clip under one condition, as a function of names and settings alone."""

from dataclasses import dataclass

import numpy as np

from mavsr.config.noise import NoiseSettings
from mavsr.errors import InputError
from mavsr.media import SAMPLE_RATE
from mavsr.noise.condition import Condition
from mavsr.noise.mixing import mask_spans, mix
from mavsr.seeds import generator


@dataclass(frozen=True)
class Rendered:
    """Audio float32 (N,) in [-1, 1], ratio in dB and first sample of the noise; None if clean."""

    sound: np.ndarray
    snr_db: float | None
    noise_offset: int | None


def render(
    speech: np.ndarray, babble: np.ndarray, condition: Condition, key: str, settings: NoiseSettings
) -> Rendered:
    """Render the audio of clip ``key`` under ``condition``.

    The noise of a test condition begins at an offset that depends on the key and not on the ratio,
    so that conditions differ in nothing but their ratio. A view masks first and then adds noise,
    over masked spans too (auto_avsr's order). A mixture beyond [-1, 1] is scaled down as a whole,
    which keeps its ratio; its level does not matter, as encoders get normalised waveforms.

    Args:
        speech: float32 (N,) at 16 kHz.
        babble: float32 (M,) at 16 kHz; repeated if shorter than ``speech``.
        condition: what to do.
        key: the clip's key.
        settings: seed and parameters.

    Raises:
        InputError: the babble is silent where this clip would get its noise.

    """
    snr: float | str = "clean"
    if condition.kind == "snr":
        random = generator(settings.seed, key, "test noise")
        snr = condition.number
    elif condition.kind == "view":
        random = generator(settings.seed, key, condition.name)
        speech = _masked(speech, random, settings)
        snr = settings.snrs[random.integers(len(settings.snrs))]
    if isinstance(snr, str) or not speech.any():  # silence has no ratio to anything
        return Rendered(speech, None, None)
    babble = np.tile(babble, -(-len(speech) // len(babble)))
    offset = int(random.integers(len(babble) - len(speech) + 1))
    noise = babble[offset : offset + len(speech)]
    if not noise.any():
        raise InputError(
            f"clip {key!r}: the babble is silent for {len(noise) / SAMPLE_RATE:.2f} s from "
            f"{offset / SAMPLE_RATE:.2f} s on, so {snr:g} dB cannot be reached; cut the silence "
            "out of the noise.babble recording"
        )
    mixture = mix(speech, noise, snr)
    return Rendered(mixture / max(1.0, np.abs(mixture).max()), float(snr), offset)


def _masked(speech: np.ndarray, random: np.random.Generator, settings: NoiseSettings) -> np.ndarray:
    if not settings.mask_samples:
        return speech
    masked = speech.copy()
    for start, stop in mask_spans(len(speech), random, settings.mask_samples, settings.mask_stride):
        masked[start:stop] = 0
    return masked
