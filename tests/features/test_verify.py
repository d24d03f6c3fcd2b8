import os

import pandas as pd
import pytest
import safetensors.torch
import torch

from mavsr import cli
from mavsr.errors import InputError
from mavsr.features.index import index
from mavsr.features.verify import damaged_shards
from mavsr.records import read_json, write_record
from mavsr.shards import write_shard


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "a b" / "clean"
    shards = [place / f"{number:05d}.tar" for number in range(3)]
    for number, shard in enumerate(shards):
        content = safetensors.torch.save({"features": torch.full((4, 2), float(number))})
        write_shard(shard, iter([(f"k{number}", {"safetensors": content})]))
    index(shards, place / "index.json", place / "samples.parquet", {})
    return place


def test_whole_caches_pass(folder, capsys):
    assert damaged_shards(folder / "index.json") == {}
    cli.main(["features", "verify", str(folder.parents[1])])
    assert capsys.readouterr().out == ""


def test_missing_cut_and_changed_shards_are_named_with_their_rebuilding(folder, capsys):
    missing, cut, changed = sorted(folder.glob("*.tar"))
    missing.unlink()
    os.truncate(cut, 512)
    content = bytearray(changed.read_bytes())
    content[700] ^= 1  # one bit
    changed.write_bytes(content)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["features", "verify", str(folder), str(folder)])
    assert stopped.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 * 3
    for line, shard, problem in zip(
        lines, (missing, cut, changed), ("missing", "512 bytes instead", "differs"), strict=False
    ):
        assert line.startswith(str(shard)) and problem in line
        assert f"rm -f '{shard}' '{folder}/index.json' && snakemake" in line


def test_the_table_is_checked_too(folder):
    table = folder / "samples.parquet"
    pd.read_parquet(table).iloc[1:].to_parquet(table, index=False)
    assert list(damaged_shards(folder / "index.json")) == [table]
    table.unlink()
    assert damaged_shards(folder / "index.json") == {table: "is missing"}


@pytest.mark.parametrize("edit", [{"samples": 2}, {"bytes": 0}, {"shards": []}])
def test_an_index_that_contradicts_itself_is_refused(folder, edit):
    index = folder / "index.json"
    write_record(index, read_json(index, "index") | edit)
    with pytest.raises(InputError, match="of its shards are not"):
        damaged_shards(index)


def test_what_cannot_be_verified_is_an_error(folder, tmp_path):
    write_record(folder / "index.json", {"shards": [{}]})
    with pytest.raises(InputError, match=r"index\.json cannot be read.*snakemake"):
        damaged_shards(folder / "index.json")
    (folder / "index.json").unlink()
    with pytest.raises(SystemExit) as stopped:
        cli.main(["features", "verify", str(folder)])
    assert stopped.value.code == 2
