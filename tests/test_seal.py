"""Data from before there were checksums are taken over after a look, and not without."""

import json
import os
import tarfile

import pandas as pd
import pytest
from evaluated import SIDECAR, lines_of, write_ledger_of

from mavsr.errors import InputError
from mavsr.evaluation.hypotheses import LINES, read_hypotheses, write_hypotheses
from mavsr.features.verify import damaged_shards
from mavsr.files import sha256
from mavsr.mouths.ledger import read_ledger
from mavsr.records import read_json
from mavsr.seal import seal_data
from mavsr.shards import CHECKSUMS, read_shard, write_index, write_shard

SAMPLES = [("a", {"flac": b"x" * 700, "json": b"{}"}), ("b", {"flac": b"y", "json": b"{}"})]
THEN = 1_000_000_000


@pytest.fixture
def old(tmp_path):
    """A folder of crops as an earlier version wrote it, and the bytes of a shard as it is now."""
    folder = tmp_path / "mouths"
    shard = folder / "00000.tar"
    write_shard(shard, iter(SAMPLES))
    write_index(folder / "index.json", [shard], {"clips": 2})
    write_ledger_of(folder / "00000.csv", ["a", "b", "c"], dropped=["c"])
    now = shard.read_bytes()
    with tarfile.open(shard) as tar:
        (last,) = [member for member in tar if member.name == CHECKSUMS]
    content = now[: last.offset]
    shard.write_bytes(content + bytes(-(len(content) + 1024) % 10_240 + 1024))
    index = json.loads((folder / "index.json").read_text())
    index["shards"][0] |= {"bytes": shard.stat().st_size, "sha256": sha256(shard)}
    index["bytes"] = shard.stat().st_size
    (folder / "index.json").write_text(json.dumps({k: index[k] for k in index if k != "checksum"}))
    table = pd.read_csv(folder / "00000.csv", dtype=str, na_filter=False)
    table.iloc[:, :-1].to_csv(folder / "00000.csv", index=False)
    for path in folder.iterdir():
        os.utime(path, (THEN, THEN))
    return folder, now


def test_a_sealed_folder_is_what_would_be_written_now(old):
    folder, now = old
    shard = folder / "00000.tar"
    with pytest.raises(InputError, match="mavsr seal"):
        list(read_shard(shard))
    sealed = seal_data(folder)
    assert {path.name for path in sealed} == {"00000.tar", "00000.csv"}  # the index with its shard
    assert shard.read_bytes() == now
    assert list(read_shard(shard)) == SAMPLES
    assert read_ledger(folder / "00000.csv").kept.tolist() == [True, True, False]
    assert damaged_shards(folder / "index.json") == {}
    assert all(path.stat().st_mtime == THEN for path in folder.iterdir())
    assert seal_data(folder) == []


def test_a_shard_unlike_its_ledger_is_not_sealed(old):
    folder, _ = old
    write_ledger_of(folder / "00000.csv", ["a", "b", "c"])
    with pytest.raises(InputError, match=r"00000\.tar .*it lacks 1 clip: c"):
        seal_data(folder / "00000.tar")


def test_a_shard_unlike_its_index_is_not_sealed(old):
    folder, _ = old
    shard = folder / "00000.tar"
    content = bytearray(shard.read_bytes())
    content[600] ^= 1
    shard.write_bytes(content)
    with pytest.raises(InputError, match=r"not the one that .*index\.json was written for"):
        seal_data(shard)


def test_a_shard_that_nothing_vouches_for_is_not_sealed(old):
    folder, _ = old
    for name in ("00000.csv", "index.json"):
        (folder / name).unlink()
    with pytest.raises(InputError, match=r"neither a ledger nor an index\.json"):
        seal_data(folder)


def test_hypotheses_are_sealed_in_their_sidecar(tmp_path):
    path = tmp_path / "a4_v2.jsonl"
    write_hypotheses(path, lines_of({"a": "one"}), SIDECAR)
    sidecar = path.with_suffix(".json")
    sidecar.write_text(json.dumps(SIDECAR))
    with pytest.raises(InputError, match="mavsr seal"):
        read_hypotheses(path)
    assert seal_data(path) == [path]
    assert read_hypotheses(path).texts == {"a": "one"}
    assert LINES in read_json(sidecar, "sidecar")


def test_files_of_other_software_and_for_people_are_left_alone(tmp_path):
    names = ["table1.csv", "wer.csv", "training/m/run.json", "training/m/adapter_config.json"]
    names += ["toy/llama/config.json", "features/w/samples.parquet", "training/m/metrics.csv"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert seal_data(tmp_path) == []
    assert {(tmp_path / name).read_text() for name in names} == {"{}"}


@pytest.mark.parametrize("name", ["gone.tar", "wer.csv", "x.flac", "run.json"])
def test_what_has_no_place_for_a_checksum_is_refused(tmp_path, name):
    if name != "gone.tar":
        (tmp_path / name).write_text("a,b\n")
    with pytest.raises(InputError, match=str(tmp_path / name)):
        seal_data(tmp_path / name)


def test_damage_is_not_sealed(tmp_path):
    for name, content in (("index.json", "{"), ("ledger.csv", ""), ("x.parquet", "PAR1")):
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match=f"{tmp_path / name} is damaged"):
            seal_data(tmp_path / name)
