"""Random access to the cached tokens of one split, without reading what is not asked for.

``samples.parquet`` says at which byte of which shard a clip lies; shards are not compressed, so one
positioned read fetches it. This is what training and decoding read.
"""

import os
import sys
import zlib
from collections import OrderedDict
from io import FileIO
from pathlib import Path

import pandas as pd
import torch

from mavsr.errors import InputError
from mavsr.features.content import unpack
from mavsr.features.header import MadeBy
from mavsr.files import sha256
from mavsr.records import read_json
from mavsr.remedies import rebuild_command

SAMPLES = "samples.parquet"
OPEN_FILES = 256
"""Shards that one process keeps open, of all its caches; the usual limit is 1,024 files."""
_open_files: OrderedDict[tuple[object, str], FileIO] = OrderedDict()
# (cache, shard) -> file, the one unused for longest first.


class FeatureCache:
    """Key -> tokens of the split in a folder.

    It can be pickled and read from any number of processes: reads carry their own position, and
    each process opens the shards it meets. A training job holds a cache per view and modality, each
    with a row per clip, so places are kept in arrays and keys shared between caches.

    Attributes:
        keys: of all clips, sorted.
        dim: width of a token; 0 if there is no clip.
        made_by: weights and settings of the encoder, as its shards state them.

    Args:
        folder: holds the shards, ``samples.parquet`` and ``index.json``.

    Raises:
        InputError: the folder has no complete index, or the table is not the one that was indexed.

    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        for name in (SAMPLES, "index.json"):
            if not (self.folder / name).is_file():
                both = rebuild_command(self.folder / SAMPLES, self.folder / "index.json")
                raise InputError(
                    f"{self.folder / name} does not exist, so these features are not complete; "
                    f"run {both}"
                )
        self.made_by = self._checked_origin()
        table = pd.read_parquet(self.folder / SAMPLES)
        self.keys: list[str] = [sys.intern(key) for key in table.key]
        self.dim: int = int(table.dim.iloc[0]) if len(table) else 0
        self._rows = dict(zip(self.keys, range(len(table)), strict=True))
        self._shards: list[str] = table.file.tolist()
        self._columns = {n: table[n].to_numpy() for n in ("offset", "size", "crc32", "tokens")}
        self._identity = object()  # files of an earlier cache of this folder may be others by now

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, key: str) -> torch.Tensor:
        """Tokens (tokens, dim) of a clip, in the dtype they are stored in.

        Raises:
            KeyError: there is no such clip.
            InputError: the shard is missing, cut short, or not the one that was indexed: one bit
                suffices.

        """
        row = self._rows[key]
        name, columns = self._shards[row], self._columns
        offset, size, checksum = (int(columns[n][row]) for n in ("offset", "size", "crc32"))
        try:
            content = os.pread(self._open(name).fileno(), size, offset)
        except OSError as error:
            raise self._damaged(name, key, str(error)) from error
        if zlib.crc32(content) != checksum:
            raise self._damaged(name, key, "its bytes changed after they were indexed")
        return unpack(content)

    @property
    def tokens(self) -> dict[str, int]:
        """Key -> how many tokens the clip has."""
        return dict(zip(self.keys, self._columns["tokens"].tolist(), strict=True))

    def _checked_origin(self) -> MadeBy:
        """What made the features, by an index that belongs to the table."""
        table, index = self.folder / SAMPLES, self.folder / "index.json"
        remedy = f"rebuild it: {rebuild_command(table, index)}"
        content = read_json(index, "index", remedy=remedy)
        try:
            made_by, expected = content["parameters"].get("made_by", {}), content["table"]["sha256"]
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{index} is no index of features ({error!r}); {remedy}") from error
        if sha256(table) != expected:
            raise InputError(
                f"{table} is not the table that {index.name} was written for; rebuild both: "
                f"{rebuild_command(table, index)}"
            )
        return made_by

    def _open(self, name: str) -> FileIO:
        """Open the shard, or return it if it is open; close the one unused for longest."""
        place = self._identity, name
        file = _open_files.pop(place, None) or FileIO(self.folder / name)
        _open_files[place] = file
        if len(_open_files) > OPEN_FILES:
            _open_files.popitem(last=False)[1].close()
        return file

    def _damaged(self, name: str, key: str, reason: str) -> InputError:
        shard = self.folder / name
        return InputError(
            f"shard {shard} cannot give clip {key!r} ({reason}); rebuild it: "
            f"{rebuild_command(shard, self.folder / 'index.json')}"
        )
