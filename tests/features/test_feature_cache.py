import os
import pickle
import shutil

import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch
from evaluated import write_ledger_of
from torch.utils.data import DataLoader

import mavsr.features.cache as cache_module
from mavsr.errors import InputError
from mavsr.features.cache import FeatureCache
from mavsr.features.index import index, locate_samples
from mavsr.shards import read_shard, write_shard

DIM = 6


def tokens(key, dtype=torch.float16):
    generator = torch.Generator().manual_seed(sum(map(ord, key)))
    return torch.randn(3 + len(key), DIM, generator=generator).to(dtype)


def make_shard(path, keys, make=tokens):
    write_shard(
        path,
        ((key, {"safetensors": safetensors.torch.save({"features": make(key)})}) for key in keys),
    )
    return path


KEYS = [["b", "dd", "e"], ["a", "cccc"], []]


@pytest.fixture
def folder(tmp_path):
    shards = [make_shard(tmp_path / f"{n:02}.tar", keys) for n, keys in enumerate(KEYS)]
    index(shards, tmp_path / "index.json", tmp_path / "samples.parquet", {"seed": 0})
    return tmp_path


def test_random_access_equals_sequential_reading(folder):
    cache = FeatureCache(folder)
    assert cache.keys == ["a", "b", "cccc", "dd", "e"]
    assert (len(cache), cache.dim) == (5, DIM)
    sequential = {
        key: safetensors.torch.load(fields["safetensors"])["features"]
        for shard in sorted(folder.glob("*.tar"))
        for key, fields in read_shard(shard)
    }
    for key in reversed(cache.keys):
        assert torch.equal(cache[key], sequential[key])
        assert torch.equal(cache[key], tokens(key))
        assert cache.tokens[key] == len(tokens(key))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_stored_dtype_comes_back(tmp_path, dtype):
    shard = make_shard(tmp_path / "0.tar", ["a"], lambda key: tokens(key, dtype))
    index([shard], tmp_path / "index.json", tmp_path / "samples.parquet", {})
    features = FeatureCache(tmp_path)["a"]
    assert features.dtype == dtype
    assert torch.equal(features, tokens("a", dtype))


def test_only_the_table_and_the_asked_for_bytes_are_read(folder):
    cache = FeatureCache(folder)
    table = pd.read_parquet(folder / "samples.parquet").set_index("key")
    with (folder / "00.tar").open("r+b") as file:
        other = table.loc["dd"]
        file.seek(other.offset)
        file.write(b"\xff" * other["size"])
    assert torch.equal(cache["b"], tokens("b"))
    with pytest.raises(InputError, match="dd"):
        cache["dd"]


def test_it_works_in_workers_and_pickled_after_use(folder):
    cache = FeatureCache(folder)
    assert torch.equal(cache["a"], tokens("a"))
    again = pickle.loads(pickle.dumps(cache))
    assert torch.equal(again["b"], tokens("b"))
    loader = DataLoader(
        [(cache, key) for key in cache.keys * 4],
        batch_size=None,
        num_workers=2,
        collate_fn=lambda item: (item[1], item[0][item[1]]),
    )
    seen = list(loader)
    assert len(seen) == 20
    assert all(torch.equal(features, tokens(key)) for key, features in seen)


def test_few_files_stay_open_however_many_caches(tmp_path, monkeypatch):
    monkeypatch.setattr(cache_module, "OPEN_FILES", 3)
    caches = []
    for view in range(4):
        place = tmp_path / str(view)
        shards = [make_shard(place / f"{n}.tar", [f"k{n}"]) for n in range(5)]
        index(shards, place / "index.json", place / "samples.parquet", {})
        caches.append(FeatureCache(place))
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for key in caches[0].keys * 2:
        assert all(torch.equal(cache[key], tokens(key)) for cache in caches)
    assert len(os.listdir("/proc/self/fd")) - before <= 3  # noqa: PTH208


def test_a_new_cache_reads_what_is_there_now(folder):
    before = FeatureCache(folder)["b"]
    shards = [make_shard(folder / "00.tar", KEYS[0], lambda key: 2 * tokens(key))]
    shards += sorted(folder.glob("0[12].tar"))
    index(shards, folder / "index.json", folder / "samples.parquet", {"seed": 0})
    assert torch.equal(FeatureCache(folder)["b"], 2 * before)


def test_missing_cut_and_changed_shards_say_how_to_rebuild(folder):
    missing, cut = folder / "01.tar", folder / "00.tar"
    command = rf"rm -f {folder}/0\d\.tar {folder}/index\.json && snakemake"
    cache = FeatureCache(folder)
    missing.unlink()
    with pytest.raises(InputError, match=command):
        cache["a"]
    os.truncate(cut, pd.read_parquet(folder / "samples.parquet").offset.min() + 20)
    with pytest.raises(InputError, match=command):
        FeatureCache(folder)["b"]
    make_shard(cut, KEYS[0], lambda key: tokens(key)[:-1])
    with pytest.raises(InputError, match=command):
        FeatureCache(folder)["b"]


@pytest.mark.parametrize("name", ["index.json", "samples.parquet"])
def test_an_incomplete_folder_is_named(folder, name):
    (folder / name).unlink()
    remade = rf"{folder}/samples\.parquet {folder}/index\.json"
    with pytest.raises(InputError, match=rf"{name}.*`rm -f {remade} && snakemake .*{remade}`"):
        FeatureCache(folder)


def test_a_table_that_was_not_indexed_is_refused(folder):
    table = folder / "samples.parquet"
    whole, shorter = table.read_bytes(), pd.read_parquet(table).iloc[1:]
    shorter.to_parquet(table, index=False)
    command = rf"rm -f {table} {folder}/index\.json && snakemake"
    with pytest.raises(
        InputError, match=f"not the table that index.json was written for.*{command}"
    ):
        FeatureCache(folder)
    for content in (b"", whole[: len(whole) // 2], whole[:99] + b"?" + whole[100:]):
        table.write_bytes(content)
        with pytest.raises(InputError, match=command):
            FeatureCache(folder)
    table.write_bytes(whole)
    assert len(FeatureCache(folder)) == 5


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"parameters": 3, "table": {}}'])
def test_a_damaged_index_says_how_to_rebuild_it(folder, content):
    (folder / "index.json").write_text(content)
    with pytest.raises(InputError, match=r"index\.json .*rm -f .*index\.json"):
        FeatureCache(folder)


def test_unknown_clips_are_key_errors(folder):
    with pytest.raises(KeyError):
        FeatureCache(folder)["nobody"]


def test_the_table_does_not_depend_on_the_order_of_shards(folder):
    shards = sorted(folder.glob("*.tar"))
    expected, _ = locate_samples(shards)
    pd.testing.assert_frame_equal(locate_samples(shards[::-1])[0], expected)
    assert expected.dtypes["offset"] == expected.dtypes["size"] == np.int64


def test_indexing_again_gives_the_same_bytes(folder):
    files = [folder / "samples.parquet", folder / "index.json"]
    before = [file.read_bytes() for file in files]
    index(sorted(folder.glob("*.tar"))[::-1], files[1], files[0], {"seed": 0})
    assert [file.read_bytes() for file in files] == before


def test_a_clip_in_two_shards_is_refused(folder):
    shutil.copy(folder / "00.tar", folder / "03.tar")
    with pytest.raises(InputError, match=r"'b'.*00\.tar.*03\.tar"):
        locate_samples(sorted(folder.glob("*.tar")))


def test_mixed_widths_are_refused(folder):
    odd = make_shard(folder / "03.tar", ["z"], lambda key: torch.ones(2, DIM + 1))
    with pytest.raises(InputError, match=r"'z'.*width 7.*width 6"):
        locate_samples([*folder.glob("0[012].tar"), odd])


def test_missing_shards_and_foreign_content_are_named(folder):
    with pytest.raises(InputError, match=r"nowhere\.tar"):
        locate_samples([folder / "nowhere.tar"])
    path = folder / "09.tar"
    for content in (b"", b"\x02\0\0\0\0\0\0\0{}", b"\x01\0\0\0\0\0\0\0{"):
        write_shard(path, iter([("x", {"safetensors": content})]))
        with pytest.raises(InputError, match=r"09\.tar.*'x'"):
            locate_samples([path])


def test_a_split_without_clips_has_an_index(tmp_path):
    shard = make_shard(tmp_path / "0.tar", [])
    index([shard], tmp_path / "index.json", tmp_path / "samples.parquet", {})
    cache = FeatureCache(tmp_path)
    assert (len(cache), cache.dim) == (0, 0)


def test_features_that_lack_a_clip_of_the_crops_are_not_indexed(tmp_path):
    shard = make_shard(tmp_path / "00000.tar", ["a", "c"])
    ledger = write_ledger_of(tmp_path / "ledger.csv", ["a", "b", "c", "d"], dropped=["d"])
    outputs = tmp_path / "index.json", tmp_path / "samples.parquet"
    with pytest.raises(InputError, match=rf"it lacks 1 clip: b.*rm -f {shard}"):
        index([shard], *outputs, {}, ledger)
    assert not outputs[0].exists()
    make_shard(shard, ["a", "b", "c"])
    index([shard], *outputs, {}, ledger)
    assert FeatureCache(tmp_path).keys == ["a", "b", "c"]
