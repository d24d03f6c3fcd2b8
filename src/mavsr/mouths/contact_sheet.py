"""Command: draw crops of a split for a person to judge (``python -m mavsr.mouths.contact_sheet``).

Wrong crops train silently: a forehead is as good a picture as a mouth. One look at a page of them
tells. The page shows the first, middle and last frame of some clips, those where detection is most
in doubt first; what the ledger remarks on a clip stands in red below it.
"""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.files import atomic
from mavsr.media import decode_video
from mavsr.mouths.align import CROP_SIZE
from mavsr.mouths.ledger import read_ledger
from mavsr.shards import check_keys, extents, read_field

PER_ROW = 4
_GAP = 14
_LABEL = 56
_TITLE = 64
_SEAM = 3
_CELL = 3 * CROP_SIZE + 2 * _SEAM + _GAP
_PAPER, _INK, _ALARM = (255, 255, 255), (40, 40, 40), (200, 30, 30)


def draw(ledger: Path, shards: list[Path], output: Path, clips: int = 48) -> None:
    """Draw the contact sheet of one split.

    Args:
        ledger: the split's joined ledger.
        shards: the split's shards.
        output: the picture to write (PNG).
        clips: how many clips to show at most.

    """
    table = read_ledger(ledger)
    chosen = choose(table[table.kept], clips)
    title = f"{output.stem}: {table.kept.sum()} of {len(table)} clips kept, {len(chosen)} shown"
    crops = read_crops(chosen, {int(path.stem): path for path in shards})
    page = lay_out(title, chosen, crops)
    written, content = cv2.imencode(".png", page[..., ::-1])
    if not written:
        raise InputError(f"{output}: the picture of {page.shape} pixels cannot be made a PNG")
    with atomic(output) as partial:
        partial.write_bytes(content.tobytes())


def choose(kept: pd.DataFrame, clips: int) -> pd.DataFrame:
    """Choose ledger rows to show: the most doubtful half, then a sample of the rest, in that order.

    The order is clips with remarks first, then lowest share of frames with a face, then largest
    jump of the landmarks. The sample is taken evenly along it, so that what is usual is seen too.
    """
    order = kept.assign(_clear=kept.remarks == "").sort_values(
        ["_clear", "face_share", "largest_jump", "key"],
        ascending=[True, True, False, True],
        ignore_index=True,
    )
    order = order.drop(columns="_clear")
    if len(order) <= clips:
        return order
    worst = (clips + 1) // 2
    sample = np.linspace(worst, len(order) - 1, clips - worst).round().astype(int)
    return order.iloc[[*range(worst), *sample]].reset_index(drop=True)


def read_crops(chosen: pd.DataFrame, shards: dict[int, Path]) -> dict[str, np.ndarray]:
    """Key -> first, middle and last crop (3, 96, 96, 3) of each chosen clip."""
    crops = {}
    for number, rows in chosen.groupby("shard"):
        path = shards[int(number)]
        places = extents(path, "mkv")
        check_keys(path, set(rows.key) & places.keys(), rows.key)
        with path.open("rb") as file:
            for key in rows.key:
                frames = decode_video(read_field(file, path, key, "mkv", places[key]))
                crops[key] = frames[[0, len(frames) // 2, -1]]
    return crops


def lay_out(title: str, chosen: pd.DataFrame, crops: dict[str, np.ndarray]) -> np.ndarray:
    """Draw the page, RGB uint8 (height, width, 3): a title, then clips in rows of ``PER_ROW``."""
    rows = -(-len(chosen) // PER_ROW)
    height = _TITLE + rows * (CROP_SIZE + _LABEL) + _GAP
    page = np.full((height, PER_ROW * _CELL + _GAP, 3), _PAPER, np.uint8)
    _write(page, title, (_GAP, 26), 0.65, _INK)
    _write(
        page,
        "first, middle and last frame; clips with remarks first, then lowest share of frames with "
        "a face, then largest jump (in eye distances)",
        (_GAP, 48),
        0.45,
        _INK,
    )
    for number, row in enumerate(chosen.itertuples()):
        top = _TITLE + number // PER_ROW * (CROP_SIZE + _LABEL)
        left = _GAP + number % PER_ROW * _CELL
        for place, crop in enumerate(crops[str(row.key)]):
            edge = left + place * (CROP_SIZE + _SEAM)
            page[top : top + CROP_SIZE, edge : edge + CROP_SIZE] = crop
        share, jump = float(row.face_share), float(row.largest_jump)
        _write(page, shorten(str(row.key)), (left, top + CROP_SIZE + 14), 0.42, _INK)
        _write(
            page,
            "not detected: ready-made" if np.isnan(share) else face_label(share, jump),
            (left, top + CROP_SIZE + 30),
            0.42,
            _ALARM if row.remarks else _INK,
        )
        _write(page, shorten(str(row.remarks), 44), (left, top + CROP_SIZE + 46), 0.38, _ALARM)
    return page


def face_label(share: float, jump: float) -> str:
    """What detection says of a clip."""
    return f"face in {100 * share:.0f} %, jump {jump:.2f}"


def shorten(key: str, most: int = 38) -> str:
    """Cut the middle out of a key that is too long for its cell."""
    return key if len(key) <= most else f"{key[: most // 2 - 1]}..{key[-(most // 2 - 1) :]}"


def _write(
    page: np.ndarray, text: str, place: tuple[int, int], size: float, colour: tuple[int, int, int]
) -> None:
    cv2.putText(page, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)


if __name__ == "__main__":
    run_command(draw)
