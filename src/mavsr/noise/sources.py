"""Where noise comes from: one recording, or the files and utterances of a list.

Audio is float32 at 16 kHz, whatever the files have.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import pandas as pd

from mavsr.corpus.clips import replaced
from mavsr.corpus.members import as_file
from mavsr.errors import InputError
from mavsr.media import SAMPLE_RATE, read_audio

Part = Literal["train", "test"]
COLUMNS = {
    "audio": "path of the file",
    "start": "where the piece begins, seconds",
    "end": "where it ends, seconds; NaN means the end of the file",
    "speaker": "who speaks; empty where it is no speech",
}
"""What a list of noise says of each piece; a manifest has these columns too."""
LISTED = "listed"
"""Column of a folder's list alone: size and time of the file when it was listed."""


@dataclass(frozen=True)
class Cut:
    """Noise for one clip.

    Attributes:
        samples: float32 (N,).
        pieces: what it consists of in this order: file, and first sample at 16 kHz.
        repeats: whether something occurs in it more than once, as the source is too short.

    """

    samples: np.ndarray
    pieces: tuple[tuple[str, int], ...]
    repeats: bool = False


class Noise(Protocol):
    """A source of noise."""

    def cut(self, key: str, length: int, part: Part, random: np.random.Generator) -> Cut:
        """Noise of ``length`` samples for clip ``key``.

        Args:
            key: of the clip.
            length: samples, at least one.
            part: what may be heard in training, or in tests; lists are for tests alone.
            random: decides where it is taken from.

        Raises:
            InputError: there is nothing but silence.

        """


@dataclass(frozen=True)
class Recording:
    """One recording: training hears its beginning, tests its end.

    Attributes:
        samples: float32 (M,).
        test_share: of the recording, at its end; 0: both hear all of it.
        name: for messages.
        file: where it lies, for the record.

    """

    samples: np.ndarray
    test_share: float = 0.0
    name: str = "the babble"
    file: str = ""

    def cut(self, key: str, length: int, part: Part, random: np.random.Generator) -> Cut:
        """Cut at a random place; a part that is too short is repeated."""
        first, last = self._span(part)
        own = np.tile(self.samples[first:last], -(-length // (last - first)))
        offset = int(random.integers(len(own) - length + 1))
        samples = own[offset : offset + length]
        start = first + offset % (last - first)
        if not samples.any():
            raise InputError(
                f"clip {key!r}: {self.name} is silent for {length / SAMPLE_RATE:.2f} s from "
                f"{start / SAMPLE_RATE:.2f} s on, so no SNR can be reached; cut the silence out of "
                "the recording"
            )
        return Cut(samples, ((self.file, start),), repeats=length > last - first)

    def _span(self, part: Part) -> tuple[int, int]:
        """Samples [first, last) that a part of an experiment may hear, at least one."""
        total = len(self.samples)
        if not self.test_share:
            return 0, total
        boundary = min(max(round(total * (1 - self.test_share)), 1), total - 1)
        return (0, boundary) if part == "train" else (boundary, total)


@dataclass(frozen=True)
class Pieces:
    """The files of a folder, or utterances of a corpus, one after the other; for tests alone.

    Attributes:
        table: columns as in :data:`COLUMNS`.
        speakers: key of a clip -> its speaker, who never interferes with it; those that are known.
        name: for messages.

    """

    table: pd.DataFrame
    speakers: Mapping[str, str]
    name: str

    def cut(self, key: str, length: int, part: Part, random: np.random.Generator) -> Cut:
        """Pieces in random order until the clip is filled; one voice, if they are speech.

        A piece that is longer than what is missing is cut at a random place. Silent pieces are
        passed over.
        """
        own, missing = self._others(key, random), length
        samples: list[np.ndarray] = []
        pieces: list[tuple[str, int]] = []
        seen: set[int] = set()
        for row, again in _in_turn(len(own), random):
            if again and not samples:
                break
            found = self._read(own.iloc[row])
            offset = int(random.integers(max(len(found) - missing, 0) + 1))
            found = found[offset : offset + missing]
            if not found.any():
                continue
            samples.append(found)
            pieces.append((str(own.audio.iloc[row]), offset + _first(own.start.iloc[row])))
            seen.add(row)
            missing -= len(found)
            if not missing:
                repeats = len(seen) < len(pieces)
                return Cut(np.concatenate(samples), tuple(pieces), repeats)
        raise InputError(
            f"clip {key!r}: {self.name} has nothing but silence for it ({len(own)} pieces, the "
            f"first is {own.audio.iloc[0]}); give other recordings"
        )

    def _others(self, key: str, random: np.random.Generator) -> pd.DataFrame:
        """The rows that may be heard beside a clip: of one voice, and not its own."""
        voices = sorted({*self.table.speaker} - {self.speakers.get(key), ""})
        if not voices and "" not in set(self.table.speaker):
            raise InputError(
                f"clip {key!r}: {self.name} has no speaker but the clip's own, "
                f"{self.speakers.get(key)!r}; interfering speech needs two speakers at least"
            )
        voice = voices[int(random.integers(len(voices)))] if voices else ""
        return self.table[self.table.speaker == voice]

    def _read(self, row: pd.Series) -> np.ndarray:
        if LISTED in row and replaced(Path(str(row.audio)), row[LISTED]):
            raise InputError(
                f"{self.name}: {row.audio} is another file than when it was listed; run the "
                "workflow again, which lists the folder anew"
            )
        try:
            with as_file(Path(str(row.audio))) as file:
                return read_audio(file, float(row.start), float(row.end))
        except InputError as error:
            raise InputError(f"{self.name}: {error}; it was readable when it was listed") from error


def _first(start: float) -> int:
    return round(float(start) * SAMPLE_RATE)


def _in_turn(count: int, random: np.random.Generator) -> Iterator[tuple[int, bool]]:
    """Numbers of pieces in random order, and whether all have been there before; without end."""
    again = False
    while True:
        yield from ((int(number), again) for number in random.permutation(count))
        again = True
