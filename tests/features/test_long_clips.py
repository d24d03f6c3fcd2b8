"""Clips beyond Whisper's chunk, from sound and crops to aligned tokens."""

import pytest

from mavsr.encoders import EncoderSettings
from mavsr.errors import InputError
from mavsr.features.align import align_lengths
from mavsr.features.cache import FeatureCache
from mavsr.features.extract import extract
from mavsr.features.index import index
from mavsr.features.settings import ExtractSettings

FRAMES = {"clip_long": 66, "clip_short": 20}
CHUNK_S = 1  # of the fixture's Whisper


def lengths(place, folder, **settings):
    """Key -> modality -> tokens of both encoders."""
    encoders = {"audio": ("whisper", place / "w"), "video": ("avhubert", place / "v.pt")}
    caches = {}
    for modality, (kind, path) in encoders.items():
        shard = folder / modality / "0.tar"
        extract(
            [place / "in.tar"],
            EncoderSettings(kind, str(path)),
            ["clean"],
            [shard],
            ExtractSettings(**settings),
        )
        index([shard], shard.with_name("index.json"), shard.with_name("samples.parquet"), {})
        caches[modality] = FeatureCache(shard.parent)
    return {key: {m: cache.tokens[key] for m, cache in caches.items()} for key in FRAMES}


def test_long_clips_are_an_error_that_names_clip_and_remedy(place, tmp_path):
    remedy = r"in\.tar: clip 'clip_long': it lasts 2\.64 s .* at most 1 s; set features\.long_clips"
    with pytest.raises(InputError, match=remedy):
        lengths(place, tmp_path)
    assert not list(tmp_path.rglob("*.tar"))


def test_split_clips_keep_their_whole_length(place, tmp_path):
    found = lengths(place, tmp_path, long_clips="split")
    assert found["clip_long"] == {"audio": 132, "video": 66}
    assert found["clip_short"] == {"audio": 40, "video": 20}
    assert align_lengths("clip_long", found["clip_long"]) == {"audio": 132, "video": 66}


def test_truncated_clips_lose_the_end_of_both(place, tmp_path):
    found = lengths(place, tmp_path, long_clips="truncate", longest_s=CHUNK_S)
    assert found["clip_long"] == {"audio": 50, "video": 25}
    assert found["clip_short"] == {"audio": 40, "video": 20}


def test_truncating_to_more_than_the_chunk_is_refused(place, tmp_path):
    with pytest.raises(InputError, match=r"clip_long.*lower features\.longest_s"):
        lengths(place, tmp_path, long_clips="truncate", longest_s=2)
