"""Command: a recording of noise, such as NOISEX-92's babble, as 16 kHz mono FLAC.

``python -m mavsr.noise.recording --source babble.mat --output babble.flac``

NOISEX-92 is distributed as MATLAB files that hold the samples and no sampling rate.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from math import gcd
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
import scipy.signal
import soundfile

from mavsr.command import run_command
from mavsr.config.noise import NOISEX_HZ
from mavsr.errors import InputError
from mavsr.files import atomic
from mavsr.media import SAMPLE_RATE, Recording, encode_audio, read_recording

SHORTEST_S = 1.0
_PEAK = 0.9
"""Of what is written. Its level says nothing, as noise is scaled to a ratio when it is mixed in."""


def recording(source: Path, output: Path, mat_hz: int = NOISEX_HZ) -> None:
    """Write a recording as mono FLAC at 16 kHz with a peak of 0.9, whatever scale it has.

    Args:
        source: an audio file (WAV, FLAC, M4A ...) or a MATLAB file (``.mat``).
        output: the audio file to write.
        mat_hz: sampling rate of a MATLAB file; any other file states its own.

    Raises:
        InputError: ``source`` is missing, damaged, or no recording, or its channels cancel.

    """
    if not source.is_file():
        raise InputError(
            f"the noise {source} is not a file; correct noise.babble or noises, docs/data.md says "
            "more"
        )
    matlab = source.suffix.lower() == ".mat"
    audio, rate = read_mat(source, mat_hz) if matlab else _read_sound(source)
    _check(audio, rate, source)
    # Before too, as there are numbers that float32 cannot hold.
    samples = resample(audio / np.abs(audio).max(), rate)
    with atomic(output) as partial:
        partial.write_bytes(encode_audio(samples * (_PEAK / np.abs(samples).max())))


def read_mat(path: Path, rate: int) -> tuple[np.ndarray, int]:
    """The one variable of a MATLAB file as audio, float64 (N,) of any scale, and ``rate``.

    Unsigned integers lose their offset.

    Raises:
        InputError: the file is damaged, or does not hold one vector of numbers.

    """
    try:
        content = _apart(scipy.io.loadmat, path)
    except NotImplementedError:
        raise InputError(f"{path} is of MATLAB 7.3; save it with -v7") from None
    except Exception as error:  # scipy promises no kind of error for damaged files
        raise InputError(
            f"{path} cannot be read as a MATLAB file ({error}); fetch it anew"
        ) from error
    names = [name for name in content if not name.startswith("__")]
    if len(names) != 1:
        found = ", ".join(names) or "none"
        raise InputError(f"{path} must hold one variable, the samples; it holds {found}")
    values = content[names[0]]
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf":
        raise InputError(f"{path}: {names[0]} holds no real numbers; it must hold the samples")
    if values.size != max(values.shape, default=0):
        raise InputError(
            f"{path}: {names[0]} has the shape {values.shape}; it must be one row or column"
        )
    audio = values.ravel().astype(np.float64)
    if values.dtype.kind == "u":
        audio -= (float(np.iinfo(values.dtype).max) + 1) / 2
    return audio, rate


def _apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call ``function`` in a process of its own: scipy's reader can crash on a damaged file.

    Raises:
        BrokenProcessPool: it did.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _read_sound(path: Path) -> tuple[np.ndarray, int]:
    """Audio of a file, the mean of its channels (N,), and its rate."""
    try:
        file = soundfile.SoundFile(path)
    except soundfile.SoundFileError:
        # libsndfile does not know the format; FFmpeg may, as it does for a folder's files.
        sound, rate = read_recording(path), SAMPLE_RATE
    else:
        with file:
            sound, rate = _mean_of(file, path), file.samplerate
    if sound.cancels:
        raise InputError(
            f"{path}: its channels cancel each other, their mean is nearly silent: it keeps "
            f"{sound.kept_power:.2g} of their power; turn the sign of one channel, or drop one"
        )
    return sound.samples, rate


def _mean_of(file: soundfile.SoundFile, path: Path) -> Recording:
    try:
        channels = file.read(dtype="float64", always_2d=True)
    except soundfile.SoundFileError as error:
        raise InputError(f"{path} cannot be read as an audio file ({error})") from error
    mono, power = channels.mean(axis=1), float(np.vdot(channels, channels)) / channels.shape[1]
    return Recording(mono, float(mono @ mono) / power if power else 1.0)


def _check(audio: np.ndarray, rate: int, path: Path) -> None:
    if not np.isfinite(audio).all():
        raise InputError(f"{path} holds values that are not finite numbers; it is no recording")
    if len(audio) < SHORTEST_S * rate:
        raise InputError(
            f"{path} is {len(audio) / rate:.3f} s long; noise needs {SHORTEST_S} s at least"
        )
    if not audio.any():
        raise InputError(f"{path} is silent; it is no noise")


def resample(audio: np.ndarray, rate: int) -> np.ndarray:
    """Audio (N,) at ``rate`` Hz as float32 (ceil(N * 16000 / rate),) at 16 kHz.

    The ratio of the rates is exact (800 / 999 for NOISEX-92), so nothing drifts; a linear-phase
    filter removes what 16 kHz cannot hold.

    Raises:
        InputError: ``rate`` is not positive.

    """
    if rate < 1:
        raise InputError(f"the sampling rate is {rate} Hz; it must be positive")
    shared = gcd(SAMPLE_RATE, rate)
    up, down = SAMPLE_RATE // shared, rate // shared
    return scipy.signal.resample_poly(audio, up, down).astype(np.float32)


if __name__ == "__main__":
    run_command(recording)
