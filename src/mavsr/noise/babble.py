"""Command: make babble from the training speakers (``python -m mavsr.noise.babble``).

For corpora without NOISEX-92: many voices at once. Only the training split speaks, so no test voice
is in the noise that tests are mixed with. Audio is mono at 16 kHz.
"""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from mavsr.command import progress, run_command
from mavsr.config.noise import BabbleSettings
from mavsr.corpus.manifest import read_manifest
from mavsr.corpus.members import as_file
from mavsr.errors import InputError
from mavsr.files import atomic
from mavsr.media import SAMPLE_RATE, encode_audio, read_audio
from mavsr.seeds import generator

_log = logging.getLogger(__name__)


def babble(
    manifest: Path,
    output: Path,
    settings: BabbleSettings = BabbleSettings(),  # noqa: B008 (frozen)
) -> None:
    """Write babble made of a training split.

    Args:
        manifest: manifest of the training split.
        output: the audio file to write (FLAC, 16 kHz, mono).
        settings: voices, length, seed.

    """
    table = read_manifest(manifest)
    if (table.split != "train").any():
        key = table.key[table.split != "train"].iloc[0]
        raise InputError(
            f"{manifest}: {key!r} is not of the train split; no test voice may be in the noise"
        )
    rows = list(zip(table.audio, table.start, table.end, strict=True))

    unusable: set[int] = set()

    def utterance(index: int) -> np.ndarray | None:
        if index in unusable:
            return None
        try:
            with as_file(Path(rows[index][0])) as file:
                return read_audio(file, rows[index][1], rows[index][2])
        except InputError as error:
            _log.warning("left out of the babble: %s", error)
            unusable.add(index)
            return None

    audio = sum_voices(utterance, len(rows), settings)
    with atomic(output) as partial:
        partial.write_bytes(encode_audio(audio))


def sum_voices(
    utterance: Callable[[int], np.ndarray | None], count: int, settings: BabbleSettings
) -> np.ndarray:
    """Sum continuous streams of level-normalised utterances, each in an order of its own.

    Args:
        utterance: gives the audio float32 (N,) of number 0 <= i < ``count``, None if unusable.
        count: how many utterances there are.
        settings: voices, length, seed.

    Returns:
        float32 (round(seconds * 16000),) with a peak of 0.9.

    Raises:
        InputError: no utterance is usable.

    """
    samples = round(settings.seconds * SAMPLE_RATE)
    total = np.zeros(samples, np.float32)
    for voice in progress(range(settings.voices), settings.voices, "voices"):
        random = generator(settings.seed, "babble", voice)
        total += _stream(utterance, count, samples, random)
    return total * (0.9 / np.abs(total).max())


def _stream(
    utterance: Callable[[int], np.ndarray | None],
    count: int,
    samples: int,
    random: np.random.Generator,
) -> np.ndarray:
    """Utterances of unit power in random order, (samples,), beginning amid the first."""
    pieces: list[np.ndarray] = []
    missing = samples
    for audio in _levelled(utterance, count, random):
        if not pieces:
            # Else all voices would begin, and pause, together.
            audio = audio[int(random.integers(len(audio))) :]
        pieces.append(audio[:missing])
        missing -= len(pieces[-1])
        if not missing:
            break
    return np.concatenate(pieces)


def _levelled(
    utterance: Callable[[int], np.ndarray | None], count: int, random: np.random.Generator
) -> Iterator[np.ndarray]:
    while True:
        usable = False
        for index in random.permutation(count):
            audio = utterance(int(index))
            if audio is not None and audio.any():
                usable = True
                yield audio / np.sqrt(np.mean(np.square(audio)))
        if not usable:
            raise InputError("no utterance of the training split has audio; babble needs some")


if __name__ == "__main__":
    run_command(babble)
