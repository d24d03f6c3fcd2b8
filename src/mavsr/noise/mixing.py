"""Mix speech and noise at a signal-to-noise ratio, and mask speech in time.

Waveforms are 1-D, float, at 16 kHz; ratios are in dB of the energies over the whole clip.
"""

from typing import TypeVar

import numpy as np
import torch
import torchaudio

from mavsr.errors import InputError

Waveform = TypeVar("Waveform", np.ndarray, torch.Tensor)


def mix(speech: Waveform, noise: Waveform, snr_db: float) -> Waveform:
    """``speech`` plus ``noise`` scaled so that their energies have the ratio ``snr_db``.

    If either is silent no scale gives that ratio, and ``speech`` is returned unchanged.

    Args:
        speech: float (N,), numpy or torch; it keeps its level.
        noise: as ``speech``.
        snr_db: signal-to-noise ratio in dB; 0 means equal energies.

    Returns:
        float (N,), of the type of ``speech``.

    Raises:
        InputError: the shapes differ or are not (N,), or ``snr_db`` is not finite.

    """
    if isinstance(speech, np.ndarray):
        mixed = mix(torch.tensor(speech), torch.tensor(noise), snr_db)
        return mixed.numpy()
    if speech.ndim != 1 or speech.shape != noise.shape:
        raise InputError(
            f"speech {tuple(speech.shape)} and noise {tuple(noise.shape)} must be (N,) and equal"
        )
    if not np.isfinite(snr_db):
        raise InputError(f"snr_db is {snr_db}; it must be a finite number of dB")
    # Squares of faint float32 noise vanish; and in double the ratio is exact.
    exact = speech.double(), noise.double()
    if not exact[0].any() or not exact[1].any():
        return speech
    snr = torch.tensor(float(snr_db), dtype=torch.float64)
    return torchaudio.functional.add_noise(*exact, snr).to(speech.dtype)


def mask_spans(
    length: int, random: np.random.Generator, window: int, stride: int
) -> list[tuple[int, int]]:
    """Spans [start, stop) of the adaptive time mask: one per begun ``stride``, below ``window``.

    As in auto_avsr, a span's length and the bound of its start are two independent draws t, t_end
    from [0, window): the start is uniform in [0, length - t), the span t_end long, and t = 0 or
    t >= length means no span. A span that reaches over the end is cut.

    Args:
        length: samples (or frames) of the clip.
        random: source of the draws.
        window: bound of a span's length.
        stride: one span is drawn per this many samples.

    """
    spans = []
    for _ in range(-(-length // stride)):
        bound, span = (int(draw) for draw in random.integers(window, size=2))
        if 0 < bound < length:
            start = int(random.integers(length - bound))
            spans.append((start, min(start + span, length)))
    return spans
