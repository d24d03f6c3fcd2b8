"""Whose lips move with the audio: how far mouths open against the loudness of what is heard.

Vowels open the mouth and are loud; between words it closes. That much tells a speaker from a
listener, and mostly from somebody who says something else. It is no lip-sync network: music or
applause over a speaker leads it astray.
"""

from collections.abc import Iterable

import numpy as np

from mavsr.media import SAMPLES_PER_FRAME

_SHIFTS = range(-2, 3)
"""Frames by which lips may be ahead of the audio or behind it."""

_FLOOR_DB = -50.0
"""Below the loudest frame; quieter frames count as silent."""

_LIPS = slice(36, 66), slice(32, 64)
"""Rows and columns of a mouth crop between the lips of an open mouth."""


_SPEAKING = 3.0
"""Grey levels by which the opening of a speaker's mouth deviates; a listener's mostly below 1. Set
on portraits of the embedded corpus alone."""


def opening(crops: Iterable[np.ndarray]) -> np.ndarray:
    """How far the mouth is open in each of some crops, uint8 (96, 96, 3): (T,) grey levels.

    It is how much darker the crop is between the lips than on the whole, so that a change of the
    light does not count.
    """
    green = (crop[..., 1].astype(np.float32) for crop in crops)
    return np.array([float(crop.mean() - crop[_LIPS].mean()) for crop in green])


def loudness(audio: np.ndarray, frames: int) -> np.ndarray:
    """Loudness of audio (N,) at 16 kHz in each of ``frames`` video frames: dB above the floor."""
    padded = np.zeros(frames * SAMPLES_PER_FRAME, np.float64)
    padded[: len(audio)] = audio[: len(padded)]
    power = (padded.reshape(frames, -1) ** 2).mean(axis=1)
    loudest = power.max(initial=0.0)
    if loudest == 0:
        return np.zeros(frames)
    relative = 10 * np.log10(np.maximum(power / loudest, 1e-12))
    return np.maximum(relative - _FLOOR_DB, 0.0)


def agreement(opened: np.ndarray, heard: np.ndarray) -> float:
    """How well a mouth's opening (T,) goes with the loudness (T,).

    It is their correlation at the best small shift, less for a mouth that hardly opens: the slow
    sway of a listener's head may agree by chance, but changes the crop little.

    Returns:
        from -1 to 1; 0 if either is constant, negative if the mouth closes where it is loud.

    """
    moves = min(1.0, float(opened.std()) / _SPEAKING)
    return moves * max(
        _correlation(_shifted(opened, shift), _shifted(heard, -shift)) for shift in _SHIFTS
    )


def _shifted(values: np.ndarray, shift: int) -> np.ndarray:
    """Values without their first ``shift``, or their last ``-shift``."""
    return values[max(shift, 0) : len(values) + min(shift, 0)]


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / scale if scale > 1e-9 else 0.0
