"""The audio of one clip under one condition, as a function of names and settings alone."""

from dataclasses import dataclass

import numpy as np

from mavsr.config.noise import NoiseSettings
from mavsr.noise.condition import BABBLE, Condition
from mavsr.noise.mixing import mask_spans, mix
from mavsr.noise.sources import Cut, Noise, Part
from mavsr.seeds import generator


@dataclass(frozen=True)
class Rendered:
    """Audio float32 (N,) in [-1, 1], ratio in dB and the noise in it; both None if clean."""

    audio: np.ndarray
    snr_db: float | None
    noise: Cut | None


def render(
    speech: np.ndarray, noise: Noise, condition: Condition, key: str, settings: NoiseSettings
) -> Rendered:
    """Render the audio of clip ``key`` under ``condition``.

    The noise of a test condition depends on the key and not on the ratio, so that conditions differ
    in nothing but their ratio, and it is of the part that no training view hears. A view masks
    first and then adds noise, over masked spans too (auto_avsr's order). A mixture beyond [-1, 1]
    is scaled down as a whole, which keeps its ratio; its level does not matter, as encoders get
    normalised waveforms.

    Args:
        speech: float32 (N,) at 16 kHz.
        noise: the condition's; for a view the babble.
        condition: clean, of a noise, or a view.
        key: the clip's key.
        settings: seed and parameters.

    Raises:
        InputError: the noise is silent where this clip would get it.

    """
    snr: float | str = "clean"
    part: Part = "test"
    if condition.kind == "snr":
        # Of another noise than babble its name is one of the seed's.
        other = [] if condition.noise == BABBLE else [condition.noise]
        random = generator(settings.seed, key, "test noise", *other)
        snr = condition.number
    elif condition.kind == "view":
        part = "train"
        random = generator(settings.seed, key, condition.name)
        speech = _masked(speech, random, settings)
        snr = settings.snrs[random.integers(len(settings.snrs))]
    if isinstance(snr, str) or not speech.any():  # silence has no ratio to anything
        return Rendered(speech, None, None)
    cut = noise.cut(key, len(speech), part, random)
    mixture = mix(speech, cut.samples, snr)
    return Rendered(mixture / max(1.0, np.abs(mixture).max()), float(snr), cut)


def _masked(speech: np.ndarray, random: np.random.Generator, settings: NoiseSettings) -> np.ndarray:
    if not settings.mask_samples:
        return speech
    masked = speech.copy()
    for start, stop in mask_spans(len(speech), random, settings.mask_samples, settings.mask_stride):
        masked[start:stop] = 0
    return masked
