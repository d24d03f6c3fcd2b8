"""A tiny random Whisper whose chunk lasts two seconds."""

import pytest
import torch
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

from mavsr.encoders.whisper import WhisperEncoder

# Tiny networks: more threads cost more than they bring.
torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("whisper")
    WhisperModel(
        WhisperConfig(
            d_model=32,
            encoder_layers=2,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=64,
            decoder_ffn_dim=64,
            num_mel_bins=80,
            max_source_positions=50 * 2,
            vocab_size=16,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
            decoder_start_token_id=1,
        )
    ).save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=80, chunk_length=2).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def encoder(folder):
    return WhisperEncoder.from_pretrained(folder)
