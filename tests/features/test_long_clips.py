"""Clips beyond Whisper's chunk, from sound and crops to aligned tokens."""

import json

import numpy as np
import pytest
import torch
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

from mavsr.encoders import EncoderSettings
from mavsr.encoders.avhubert import AVHubertConfig, AVHubertEncoder, save_checkpoint
from mavsr.errors import InputError
from mavsr.features.align import align_lengths
from mavsr.features.cache import FeatureCache
from mavsr.features.extract import extract
from mavsr.features.index import index
from mavsr.features.settings import ExtractSettings
from mavsr.media import encode_audio, encode_lossless
from mavsr.shards import write_shard

FRAMES = {"clip_long": 66, "clip_short": 20}
CHUNK_S = 1


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A shard with a clip of 2.64 s, and encoders of which one hears a second at most."""
    folder = tmp_path_factory.mktemp("long")
    draw = np.random.default_rng(0)
    samples = (
        (
            key,
            {
                "mkv": encode_lossless(draw.integers(0, 256, (frames, 96, 96, 3), np.uint8)),
                "flac": encode_audio(draw.uniform(-0.5, 0.5, 640 * frames).astype(np.float32)),
                "json": json.dumps({"frames": frames}).encode(),
            },
        )
        for key, frames in FRAMES.items()
    )
    write_shard(folder / "in.tar", samples)
    torch.manual_seed(0)
    sizes = {"d_model": 16, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "vocab_size": 16}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    layers = {"encoder_layers": 1, "decoder_layers": 1, "max_source_positions": 50 * CHUNK_S}
    tokens = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
    WhisperModel(WhisperConfig(**sizes, **heads, **layers, **tokens)).save_pretrained(folder / "w")
    WhisperFeatureExtractor(feature_size=80, chunk_length=CHUNK_S).save_pretrained(folder / "w")
    config = AVHubertConfig(
        layers=1, dim=16, ffn_dim=16, heads=2, conv_pos=4, conv_pos_groups=2, resnet_width=2
    )
    save_checkpoint(folder / "v.pt", AVHubertEncoder(config).public_state_dict(), config)
    return folder


def lengths(place, folder, **settings):
    """Key -> modality -> tokens of both encoders."""
    encoders = {"audio": ("whisper", place / "w"), "video": ("avhubert", place / "v.pt")}
    caches = {}
    for modality, (kind, path) in encoders.items():
        shard = folder / modality / "0.tar"
        extract(
            place / "in.tar",
            EncoderSettings(kind, str(path)),
            "clean",
            shard,
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
