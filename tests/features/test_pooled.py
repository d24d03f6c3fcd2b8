"""``store: pooled``: the same tokens after average pooling, in a fraction of the room."""

import json
import math

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mavsr.errors import InputError
from mavsr.features.align import TOLERANCE, aligned_lengths
from mavsr.features.cache import FeatureCache
from mavsr.features.content import pack, unpack
from mavsr.features.header import read_header
from mavsr.features.index import index
from mavsr.model.compression import compress
from mavsr.shards import write_shard
from mavsr.tokens import FULL_BELOW, LARGEST_POOLED_RATE


def full_and_pooled(tokens, size):
    content = pack(tokens, {"pool": size, "dtype": "float32"})
    return unpack(content), read_header(content)


@settings(max_examples=300, deadline=None)
@given(
    audio=st.integers(1, 1500),
    shift=st.integers(-2 * TOLERANCE, 2 * TOLERANCE),
    rates=st.lists(st.integers(1, LARGEST_POOLED_RATE), min_size=1, max_size=4),
    shared=st.integers(1, 8),
)
def test_average_pooling_gives_the_same_from_means(audio, shift, rates, shared):
    """At every rate, for every length, aligned to any video that alignment accepts."""
    rates = [rate for r in rates if (rate := r * shared) <= LARGEST_POOLED_RATE] or [1]
    tokens = torch.randn(audio, 3, generator=torch.Generator().manual_seed(audio))
    stored, header = full_and_pooled(tokens, math.gcd(*rates))
    assert header.tokens == len(stored) == audio
    video = max(1, -(-audio // 2) + shift)
    try:
        kept, _ = aligned_lengths("key", audio, video)
    except InputError:
        kept = audio
    for length in {kept, audio}:
        for rate in rates:
            expected = compress(tokens[:length], rate)
            torch.testing.assert_close(
                compress(stored[:length], rate), expected, atol=1e-6, rtol=1e-5
            )


def test_whispers_shortest_clips_stay_whole_however_short_the_video():
    tokens = torch.randn(25, 2)
    stored, header = full_and_pooled(tokens, 5)
    assert header.rows == 25
    kept, _ = aligned_lengths("key", 25, 3)
    assert kept == 6
    assert torch.equal(compress(stored[:kept], 20), tokens[:6].mean(0, keepdim=True))


@pytest.mark.parametrize(("tokens", "rows"), [(49, 49), (50, 12), (53, 13), (500, 125)])
def test_a_quarter_is_stored_of_all_but_short_clips(tokens, rows):
    _, header = full_and_pooled(torch.ones(tokens, 2), 4)
    assert (header.rows, header.pool) == (rows, 1 if tokens < FULL_BELOW else 4)


def test_a_pooled_cache_has_the_lengths_of_a_full_one_and_says_what_it_saves(tmp_path, caplog):
    clips = {f"k{n}": torch.randn(n, 8) for n in (30, 101, 400)}
    caches = {}
    for name, size in (("full", 1), ("pooled", 4)):
        made_by = {"pool": size, "dtype": "float16", "weights": "a"}
        folder = tmp_path / name
        write_shard(
            folder / "0.tar",
            (
                (key, {"safetensors": pack(tokens, made_by, torch.float16)})
                for key, tokens in sorted(clips.items())
            ),
        )
        with caplog.at_level("INFO"):
            index([folder / "0.tar"], folder / "index.json", folder / "samples.parquet", {})
        caches[name] = FeatureCache(folder)
    assert caches["pooled"].tokens == caches["full"].tokens
    assert "155 of 531 tokens stored" in caplog.text
    for key, tokens in clips.items():
        for rate in (4, 16, 20):
            found = compress(caches["pooled"][key].float(), rate)
            torch.testing.assert_close(found, compress(tokens, rate), atol=2e-3, rtol=2e-3)


def test_contents_of_different_stores_never_mix(tmp_path):
    for name, size in (("0.tar", 1), ("1.tar", 4)):
        content = pack(torch.ones(60, 2), {"pool": size, "dtype": "float32"})
        write_shard(tmp_path / name, iter([(name[0], {"safetensors": content})]))
    shards = [tmp_path / "0.tar", tmp_path / "1.tar"]
    with pytest.raises(InputError, match=r"mixture.*pool: (1 instead of 4|4 instead of 1)"):
        index(shards, tmp_path / "index.json", tmp_path / "samples.parquet", {})
    assert not (tmp_path / "index.json").exists()


@pytest.mark.parametrize("rows", [3, 11, 13])
def test_a_number_of_rows_that_cannot_be_is_damage(rows):
    about = json.dumps({"made_by": {"pool": 4}, "tokens": 50})
    content = safetensors.torch.save({"features": torch.ones(rows, 2)}, metadata={"about": about})
    with pytest.raises(ValueError, match="rows for 50 tokens"):
        read_header(content)
