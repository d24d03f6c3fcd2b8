"""Command: list the recordings of a folder, such as MUSAN's (``python -m mavsr.noise.listing``).

They stay where they are, in their own formats and rates; what is cut from them is brought to 16 kHz
mono. Each is decoded once here, so that a damaged or silent one is named before it is mixed in.
"""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from mavsr.command import progress, run_command
from mavsr.corpus.clips import version
from mavsr.errors import InputError
from mavsr.media import SAMPLE_RATE, read_audio
from mavsr.noise.folder import recordings
from mavsr.noise.sources import COLUMNS, LISTED
from mavsr.tables import write_parquet

_log = logging.getLogger(__name__)


def listing(folder: Path, output: Path) -> None:
    """Write the list of a folder's recordings, those of all folders below it included.

    Args:
        folder: the folder.
        output: the table (Parquet, columns as in :data:`mavsr.noise.sources.COLUMNS`, and
            ``LISTED``).

    Raises:
        InputError: there is no folder, or no file of it can be used.

    """
    files = recordings(folder)
    rows, left_out = [], []
    for path in progress(files, len(files), "recordings"):
        try:
            audio = read_audio(path)
        except InputError as error:
            left_out.append(str(error))
            continue
        if not np.isfinite(audio).all() or not audio.any():
            left_out.append(f"{path}: it is silent")
            continue
        rows.append((str(path), 0.0, len(audio) / SAMPLE_RATE, "", version(path, b"")))
    for line in left_out:
        _log.warning("left out: %s", line)
    if not rows:
        raise InputError(
            f"noises: {folder} has no recording that can be used: all {len(files)} are unreadable "
            f"or silent, as {left_out[0]}"
        )
    table = pd.DataFrame(rows, columns=[*COLUMNS, LISTED])
    _log.info("%d recordings, %.2f h", len(table), table.end.sum() / 3600)
    write_parquet(output, table)


if __name__ == "__main__":
    run_command(listing)
