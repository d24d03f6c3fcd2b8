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
        face_share: share of the frames looked at by plan in which the face was found, before
            anything is interpolated or followed; 0 if dropped before anybody looked.
        largest_jump: farthest that the landmarks move from one look that found the face to the
            next, see :func:`largest_jump`; 0 if dropped before anybody looked. Heads move by a few
            hundredths in a frame; a detector that loses the face jumps farther.
            Both are NaN if crops came ready-made and no face was looked for.
        duration_s: seconds of the clip: of its crops if kept, as the manifest says if
            dropped, 0 if the corpus stage left it out.
        av_gap_s: seconds by which the picture outlasts the audio; negative if it ends earlier.
        remarks: what is doubtful about a kept clip, "; " between; empty if nothing is.

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
    remarks: str = ""


def largest_jump(landmarks: np.ndarray) -> float:
    """Largest mean move of landmarks (L, 4, 2) from one frame that shows the face to the next.

    The frames are those in which the face was found, not those between them: what is interpolated
    spreads a jump over many frames. The move is not divided by the frames that passed either, so
    that looking at fewer frames makes no clip look better.

    Returns:
        The move in distances between the eyes (their median over the clip), so that it does not
        depend on the picture's size; 0 if fewer than two frames show the face.

    """
    seen = landmarks[~np.isnan(landmarks).any(axis=(1, 2))]
    if len(seen) < 2:
        return 0.0
    moves = np.linalg.norm(np.diff(seen, axis=0), axis=2).mean(axis=1)
    eyes = np.median(np.linalg.norm(seen[:, 0] - seen[:, 1], axis=1))
    return float(moves.max() / max(eyes, 1e-6))


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
    table = read_csv(path, "ledger", types=_DTYPES).fillna({"reason": "", "remarks": ""})
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
