"""The manifest: one Parquet row per utterance, the contract between the corpus and what follows."""

import re
from pathlib import Path

import pandas as pd

from mavsr.errors import InputError
from mavsr.tables import read_parquet, write_parquet

COLUMNS = {
    "key": "unique, stable name of the utterance: letters, digits, '_' and '-'",
    "video": "path of the file that holds the picture",
    "audio": "path of the file that holds the audio (often the same)",
    "text": "transcript in lower case, words separated by single spaces",
    "start": "where the utterance begins in the file, seconds",
    "end": "where it ends, seconds; NaN means the end of the file",
    "duration_s": "length of the utterance, seconds",
    "speaker": "speaker name, unique within the corpus",
    "split": "train, val or test",
    "shard": "number of the shard that holds the utterance in every stage",
    "version": "changes when the clip's files do; so the manifest does too, and later stages rerun",
}
SPLITS = ("train", "val", "test")
SAFE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def check_manifest(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return ``table`` with the manifest's columns in order, sorted by key, after checking it.

    Args:
        table: one row per utterance.
        name: what error messages call the table, usually its path.

    Raises:
        InputError: a column is missing, a key is unsafe or repeated, a text is empty, a split
            unknown or a duration not positive. The message names the first offending key.
    """
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise InputError(f"{name}: the manifest lacks the columns {', '.join(missing)}")
    table = table[list(COLUMNS)].sort_values("key", ignore_index=True)
    checks = {
        "has a key that is not a safe file name": ~table.key.astype(str).str.fullmatch(SAFE_KEY),
        "has a key that occurs twice": table.key.duplicated(),
        "has an empty transcript": table.text.fillna("").astype(str).str.strip() == "",
        f"has a split other than {', '.join(SPLITS)}": ~table.split.isin(SPLITS),
        "has a duration that is not positive": ~(table.duration_s > 0),
        "has a negative shard number": table.shard < 0,
    }
    for complaint, wrong in checks.items():
        if wrong.any():
            raise InputError(f"{name}: {table.key[wrong].iloc[0]!r} {complaint}")
    return table


def write_manifest(path: Path, table: pd.DataFrame) -> None:
    """Check and write a manifest, atomically."""
    table = check_manifest(table, str(path))
    write_parquet(path, table)


def read_manifest(path: Path) -> pd.DataFrame:
    """Read and check a manifest.

    Raises:
        InputError: the file is missing or damaged, or its content breaks the contract.
    """
    return check_manifest(read_parquet(path, "manifest"), str(path))
