"""When somebody speaks: silero-vad over a recording of any length.

Its network, which the package brings along, gives a probability of speech for every 32 ms; the
package's own rules make spans of them and cut long ones at their longest pause. Audio is read in
blocks, so that memory does not grow with the recording but by one number per 32 ms.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mavsr.errors import InputError
from mavsr.media import SAMPLE_RATE, read_recording
from mavsr.mouths.audio import SILENT, scaled_down

BLOCK_S = 288.0
"""Seconds of audio that are held at once; a whole number of the network's windows."""

_WINDOW = 512
"""Samples that the network takes at a time (32 ms)."""

_NEARLY_SILENT = 35.0
"""Decibels below the loudest window of an utterance."""

_PAUSE_MS = 400
"""A shorter silence is part of the utterance around it."""


@dataclass(frozen=True)
class Heard:
    """What listening to a recording found.

    Attributes:
        speech: (start, end) of each utterance, seconds in the file, in order.
        silent: whether nothing at all is heard, not even noise.

    """

    speech: list[tuple[float, float]]
    silent: bool


def find_speech(
    path: Path,
    start: float,
    end: float,
    longest_s: float,
    told: Callable[[float], None] = lambda _: None,
) -> Heard:
    """Find the utterances in a file's audio.

    Args:
        path: the file; it must have an audio track.
        start: where to begin, seconds.
        end: where the audio ends, seconds.
        longest_s: longest utterance; longer speech is cut at its longest pause, or, if it has
            none, at this length.
        told: is told the seconds that have been heard so far, after each block.

    Raises:
        InputError: the file cannot be read.

    """
    network, spans_of = _detector()
    probabilities: list[float] = []
    powers: list[float] = []
    loudest = 0.0
    network.reset_states()
    for samples in _blocks(path, start, end):
        loudest = max(loudest, float(np.abs(samples).max(initial=0.0)))
        with torch.inference_mode():
            for window in torch.from_numpy(samples).split(_WINDOW):
                probabilities.append(float(network(window, SAMPLE_RATE)))
                powers.append(float(window.square().mean()))
        told(min(end, start + len(probabilities) * _WINDOW / SAMPLE_RATE))
    found = spans_of(
        probabilities,
        sampling_rate=SAMPLE_RATE,
        min_silence_duration_ms=_PAUSE_MS,
        max_speech_duration_s=longest_s,
        speech_pad_ms=0,
        audio_length_samples=round((end - start) * SAMPLE_RATE),
    )
    level = np.array(powers)
    spans = [_trimmed(one["start"], one["end"], level) for one in found]
    return Heard([(start + first, start + last) for first, last in spans], loudest <= SILENT)


def _trimmed(first: int, last: int, level: np.ndarray) -> tuple[float, float]:
    """Seconds of a span of samples without what is nearly silent at its ends.

    The network hears speech for up to half a second after some voices have ended. In noise nothing
    is nearly silent, and the span stays as it is.
    """
    begin, end = first // _WINDOW, max(first // _WINDOW + 1, -(-last // _WINDOW))
    loud = np.flatnonzero(level[begin:end] > level[begin:end].max() * 10 ** (-_NEARLY_SILENT / 10))
    if not loud.size:
        return first / SAMPLE_RATE, last / SAMPLE_RATE
    low = max(first, (begin + int(loud[0])) * _WINDOW)
    high = min(last, (begin + int(loud[-1]) + 1) * _WINDOW)
    return low / SAMPLE_RATE, high / SAMPLE_RATE


def _blocks(path: Path, start: float, end: float) -> Iterator[np.ndarray]:
    """Audio in blocks, float32 (N,), each a whole number of windows: silence fills the last."""
    for number in range(math.ceil((end - start) / BLOCK_S)):
        begin = start + number * BLOCK_S
        samples = read_recording(path, begin, min(begin + BLOCK_S, end)).samples
        samples, _ = scaled_down(samples)
        yield np.pad(samples, (0, -len(samples) % _WINDOW))


@cache
def _detector() -> tuple[Any, Callable[..., list[dict[str, int]]]]:
    """The package's network and its rules; its import sets PyTorch's threads to 1: undone.

    Raises:
        InputError: the package is not installed.

    """
    threads = torch.get_num_threads()
    try:
        from silero_vad import get_speech_timestamps_from_probs, load_silero_vad
    except ImportError as error:
        raise InputError(
            "the package silero-vad, which finds speech in long recordings, is not installed here; "
            "`make .venv/.installed` brings the environment up to date"
        ) from error
    network = load_silero_vad()
    torch.set_num_threads(threads)
    return network, get_speech_timestamps_from_probs
