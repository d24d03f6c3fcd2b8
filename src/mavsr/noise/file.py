"""The noise that jobs mix in, read and held against the checksums that its files carry."""

import hashlib
from pathlib import Path

import numpy as np
import soundfile

from mavsr.errors import InputError
from mavsr.media import read_audio
from mavsr.noise.condition import BABBLE
from mavsr.noise.sources import COLUMNS, LISTED, Noise, Pieces, Recording
from mavsr.remedies import rebuild_command
from mavsr.tables import read_parquet

_MD5 = slice(26, 42)
"""In a FLAC file's first block (RFC 9639, section 8.2): MD5 of the samples, zero if unknown."""


def read_source(path: Path, name: str = BABBLE, test_share: float = 0.0) -> Noise:
    """A source of noise.

    Args:
        path: a recording, or a list of pieces (Parquet): that of a folder, or a manifest.
        name: what the config calls the noise.
        test_share: of babble, the share of the recording that is kept for tests. Training hears no
            other noise, so tests hear all of it.

    Raises:
        InputError: a file is missing or damaged.

    """
    what = "the babble" if name == BABBLE else f"the noise {name!r}"
    if path.suffix != ".parquet":
        share = test_share if name == BABBLE else 0.0
        return Recording(read_noise(path), share, what, str(path))
    table = read_parquet(path, "list of noise").fillna({"speaker": ""})
    # No clip is disturbed by its own speaker: the clips of a manifest are known by their keys.
    whose = dict(zip(table.key, table.speaker, strict=True)) if "key" in table else {}
    return Pieces(table[[name for name in (*COLUMNS, LISTED) if name in table]], whose, what)


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
