"""Cached features as arrays, for notebooks."""

import numpy as np
import pytest
import safetensors.torch
import torch
from tiny import flip_byte, make_utterance

import mavsr
from mavsr.errors import InputError
from mavsr.features.index import index
from mavsr.shards import write_shard


def test_tokens_of_a_clip_are_an_array(write_features):
    _, indexes = write_features("test", {"b": 5, "a": 9})
    found = mavsr.read_features(str(indexes["audio"]))
    assert list(found) == ["a", "b"] and found.lengths == {"a": 18, "b": 10}
    expected = make_utterance("clean a", 9).tokens["audio"].half().numpy()
    assert found["a"].dtype == np.float16 and np.array_equal(found["a"], expected)
    assert {k: x.shape for k, x in mavsr.read_features(indexes["video"].parent).items()} == {
        "a": (9, 4),
        "b": (5, 4),
    }
    assert found.made_by == {}
    with pytest.raises(KeyError):
        found["c"]


def test_what_numpy_has_no_type_for_becomes_float32(tmp_path):
    tokens = torch.tensor([[1.0, 2.5]]).bfloat16()
    content = safetensors.torch.save({"features": tokens})
    write_shard(tmp_path / "00000.tar", iter([("a", {"safetensors": content})]))
    index([tmp_path / "00000.tar"], tmp_path / "index.json", tmp_path / "samples.parquet", {})
    found = mavsr.read_features(tmp_path)["a"]
    assert found.dtype == np.float32 and found.tolist() == [[1.0, 2.5]]


def test_a_damaged_shard_is_refused(write_features):
    _, indexes = write_features("test", {"a": 9})
    flip_byte(indexes["audio"].parent / "00000.tar", 0.06)
    with pytest.raises(InputError, match=r"00000.tar.*'a'"):
        mavsr.read_features(indexes["audio"])["a"]
