"""The ledger: one CSV row per clip of the manifest, kept or dropped, so that no clip vanishes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd

from mavsr.errors import InputError
from mavsr.tables import read_csv, write_csv


@dataclass(frozen=True)
class Entry:
    """What became of one clip.

    Attributes:
        key: the clip's key in the manifest.
        split: train, val or test.
        shard: number of its shard; -1 if the corpus stage left the clip out.
        kept: whether its crops are in the shard.
        reason: why it was dropped; empty if kept.
        frames: frames at 25 per second; 0 if dropped before the picture was read.
        face_share: share of frames in which a face was found, before interpolation; 0 if dropped.
            NaN, like ``largest_jump``, if crops came ready-made and no face was looked for.
        largest_jump: farthest that the landmarks move from one frame to the next, see
            :func:`largest_jump`; 0 if dropped. Heads move by a few hundredths; a detector that
            loses the face jumps farther.
        duration_s: seconds of the clip: of its crops if kept, as the manifest says if
            dropped, 0 if the corpus stage left it out.
        av_gap_s: seconds by which the picture outlasts the sound; negative if it ends earlier.

    """

    key: str
    split: str
    shard: int
    kept: bool
    reason: str
    frames: int
    face_share: float
    largest_jump: float
    duration_s: float
    av_gap_s: float


def largest_jump(landmarks: np.ndarray) -> float:
    """Largest mean move of landmarks (T, 4, 2) between neighbouring frames that both show a face.

    Returns:
        The move in distances between the eyes (their median over the clip), so that it does not
        depend on the picture's size; 0 if no two neighbouring frames show a face.

    """
    moves = np.linalg.norm(np.diff(landmarks, axis=0), axis=2).mean(axis=1)
    eyes = np.nanmedian(np.linalg.norm(landmarks[:, 0] - landmarks[:, 1], axis=1))
    seen = moves[~np.isnan(moves)]
    return float(seen.max() / max(eyes, 1e-6)) if seen.size else 0.0


COLUMNS = tuple(field.name for field in fields(Entry))
# Given, because a ledger without rows shows no types; ``kept`` is text in the file.
_DTYPES = {field.name: str if field.type is bool else field.type for field in fields(Entry)}


def write_ledger(path: Path, entries: Sequence[Entry]) -> None:
    """Write ``entries`` as CSV, atomically."""
    write_table(path, pd.DataFrame([asdict(entry) for entry in entries], columns=list(COLUMNS)))


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a ledger's table as CSV, atomically; ``kept`` reads ``true`` or ``false``."""
    kept = table.kept.map({True: "true", False: "false"})
    write_csv(path, table.assign(kept=kept).round(4))


def read_ledger(path: Path) -> pd.DataFrame:
    """Read a ledger.

    Raises:
        InputError: the file is missing, damaged or lacks a column.

    """
    table = read_csv(path, "ledger", dtype=_DTYPES).fillna({"reason": ""})
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise InputError(f"{path}: the ledger lacks the columns {', '.join(missing)}")
    return table.assign(kept=table.kept == "true")


def kept_keys(path: Path, shard: int | None = None) -> list[str]:
    """Keys of the clips that a ledger says were kept, of one shard or of all.

    Raises:
        InputError: see :func:`read_ledger`.

    """
    table = read_ledger(path)
    return table.key[table.kept & (True if shard is None else table.shard == shard)].tolist()
