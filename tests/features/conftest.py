"""Crops and sound of two clips, and tiny encoders in their public formats."""

import json

import numpy as np
import pytest
import torch
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

from mavsr.encoders.avhubert import AVHubertConfig, AVHubertEncoder, save_checkpoint
from mavsr.media import encode_audio, encode_lossless
from mavsr.shards import write_shard

# Tiny networks: more threads cost more than they bring.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
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
        for key, frames in {"clip_long": 66, "clip_short": 20}.items()
    )
    write_shard(folder / "in.tar", samples)
    torch.manual_seed(0)
    sizes = {"d_model": 16, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "vocab_size": 16}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    layers = {"encoder_layers": 1, "decoder_layers": 1, "max_source_positions": 50}
    tokens = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
    WhisperModel(WhisperConfig(**sizes, **heads, **layers, **tokens)).save_pretrained(folder / "w")
    WhisperFeatureExtractor(feature_size=80, chunk_length=1).save_pretrained(folder / "w")
    config = AVHubertConfig(
        layers=1, dim=16, ffn_dim=16, heads=2, conv_pos=4, conv_pos_groups=2, resnet_width=2
    )
    save_checkpoint(folder / "v.pt", AVHubertEncoder(config).public_state_dict(), config)
    return folder
