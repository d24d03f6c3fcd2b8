"""The noise that jobs mix in, read and held against the checksum that FLAC files carry."""

import hashlib
from pathlib import Path

import numpy as np
import soundfile

from mavsr.errors import InputError
from mavsr.media import read_audio
from mavsr.remedies import rebuild_command

_MD5 = slice(26, 42)
"""In a FLAC file's first block (RFC 9639, section 8.2): MD5 of the samples, zero if unknown."""


def read_noise(path: Path) -> np.ndarray:
    """Noise float32 (N,) at 16 kHz, from a file of any format.

    Raises:
        InputError: the file is missing or damaged, or a FLAC file of 16 bits has other samples than
            its MD5 says: decoders only look at single frames.

    """
    remedy = f"rebuild it: {rebuild_command(path)}"
    try:
        noise = read_audio(path)
    except InputError as error:
        raise InputError(f"{error}; {remedy}") from error
    with path.open("rb") as file:
        head = file.read(_MD5.stop)
    if head.startswith(b"fLaC") and any(head[_MD5]) and not _is_whole(path, head[_MD5]):
        raise InputError(
            f"{path} is damaged: its samples do not have the MD5 that it states; {remedy}"
        )
    return noise


def _is_whole(path: Path, digest: bytes) -> bool:
    if soundfile.info(path).subtype != "PCM_16":
        return True
    try:
        samples, _ = soundfile.read(path, dtype="int16")
    except soundfile.SoundFileError:
        return False
    return hashlib.md5(samples.astype("<i2").tobytes(), usedforsecurity=False).digest() == digest
