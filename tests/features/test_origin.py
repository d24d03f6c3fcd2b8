"""An encoder that changes under a cache, or between caches, is never mixed with the old one."""

import json
import os
import re

import pytest
import torch

from mavsr.errors import InputError
from mavsr.features.content import pack
from mavsr.features.index import index
from mavsr.features.join import UtteranceSource
from mavsr.features.origin import check_encoders, check_pooling, encoders_of
from mavsr.records import read_json, write_record
from mavsr.shards import write_shard


def shard(path, key, **made_by):
    content = pack(torch.ones(3, 2), {"weights": "old", "pad": "chunk", **made_by})
    write_shard(path, iter([(key, {"safetensors": content})]))
    return path


def test_a_mixture_is_refused_and_the_older_shards_are_named(tmp_path):
    old = [shard(tmp_path / f"{n:05d}.tar", f"k{n}") for n in range(3)]
    new = shard(tmp_path / "00003.tar", "k3", weights="new")
    for path in old:
        os.utime(path, ns=(0, 0))
    with pytest.raises(InputError) as refused:
        index([*old, new], tmp_path / "index.json", tmp_path / "samples.parquet", {})
    message = str(refused.value)
    assert "00000.tar, 00001.tar, 00002.tar (against 00003.tar, the newest, weights: old" in message
    removed = re.search(r"`rm -f (.*) && snakemake", message)[1].split()
    assert removed == [str(path) for path in old]
    assert not (tmp_path / "index.json").exists()
    for path in removed:
        shard(tmp_path / path, path[-6:-4], weights="new")
    index([*old, new], tmp_path / "index.json", tmp_path / "samples.parquet", {"path": "x"})
    parameters = json.loads((tmp_path / "index.json").read_text())["parameters"]
    assert parameters == {"path": "x", "made_by": {"weights": "new", "pad": "chunk"}}


def test_a_mixture_within_a_shard_is_refused(tmp_path):
    contents = [pack(torch.ones(3, 2), {"weights": name}) for name in ("a", "b")]
    samples = [(f"k{n}", {"safetensors": content}) for n, content in enumerate(contents)]
    write_shard(tmp_path / "0.tar", iter(samples))
    with pytest.raises(InputError, match=r"0\.tar \(within one shard, weights: a instead of b"):
        index([tmp_path / "0.tar"], tmp_path / "index.json", tmp_path / "s.parquet", {})


@pytest.fixture
def source_of(write_features):
    """A source over made-up audio and video features of an encoder."""

    def make(split, **made_by):
        manifest, indexes = write_features(split, {"a": 9, "b": 5})
        place = indexes["audio"]
        content = read_json(place, "index")
        content["parameters"]["made_by"] = made_by
        write_record(place, content)
        return UtteranceSource(manifest, indexes)

    return make


def test_splits_of_different_encoders_are_refused_by_name(source_of):
    train = source_of("train", weights="1", pad="chunk", view=0)
    same, other = source_of("val", weights="1", pad="chunk"), source_of("test", weights="2")
    encoders = encoders_of([train, same])
    assert encoders == {"audio": {"weights": "1", "pad": "chunk"}, "video": {}}
    check_encoders(encoders, same)
    for refused in (lambda: encoders_of([train, other]), lambda: check_encoders(encoders, other)):
        with pytest.raises(InputError, match=r"audio features in .*test.*weights: 2 instead of 1"):
            refused()


def test_pooled_features_are_refused_where_they_do_not_suit(source_of, settings_of):
    source = source_of("train", pool=2)
    check_pooling(settings_of(audio_rates=(2, 4)), source)
    with pytest.raises(InputError, match=r"means of 2 tokens.*avgpool at rate 3.*store to full"):
        check_pooling(settings_of(audio_rates=(2, 3)), source)
    with pytest.raises(InputError, match="stack at rate 2"):
        check_pooling(settings_of(compression="stack"), source)
