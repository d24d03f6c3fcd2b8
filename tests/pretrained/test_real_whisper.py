"""Tokens of published Whispers are those of transformers' own encoder, at every length and padding.

Padded, on mel spectrograms of 30 s; unpadded, in a copy of the model that has as many positions as
the clip has tokens, which is what the library then takes.
"""

import numpy as np
import pytest
import torch
from real import folder
from torch import nn
from transformers import WhisperFeatureExtractor, WhisperModel

from mavsr.encoders import EncoderSettings, load_encoder
from mavsr.encoders.whisper import kept_tokens

LENGTHS_S = (0.02, 0.5, 1.16, 2.51, 6.2, 11.0, 29.98, 30.0)
NAMES = ("whisper-tiny.en", "whisper-base")


@pytest.fixture(scope="module", params=NAMES)
def whisper(request, models):
    """The folder, and transformers' own encoder and extractor of it."""
    place = folder(models, request.param)
    model = WhisperModel.from_pretrained(place, dtype=torch.float32).eval()
    return place, model.encoder, WhisperFeatureExtractor.from_pretrained(place)


def clips(waves):
    for name, wave in waves.items():
        for seconds in LENGTHS_S:
            if (samples := round(seconds * 16_000)) <= len(wave):
                yield f"{name}, {seconds} s", wave[:samples]


def normalised(wave):
    exact = wave.astype(np.float64)
    return ((exact - exact.mean()) / np.sqrt(exact.var() + 1e-8)).astype(np.float32)


@torch.inference_mode()
def theirs(encoder, extractor, wave, pad):
    if pad == "chunk":
        mel = extractor(normalised(wave), sampling_rate=16_000, return_tensors="pt").input_features
        return encoder(mel).last_hidden_state[0]
    samples = np.pad(normalised(wave), (0, max(0, 8_000 - len(wave))))
    mel = extractor(
        samples, sampling_rate=16_000, return_tensors="pt", padding="longest"
    ).input_features
    count = (mel.shape[-1] + 1) // 2
    positions, limit = encoder.embed_positions, encoder.config.max_source_positions
    encoder.embed_positions = nn.Embedding.from_pretrained(positions.weight[:count].clone())
    # The library asks for twice as many frames, and of a config for a whole number of positions.
    vars(encoder.config)["max_source_positions"] = mel.shape[-1] / 2
    try:
        return encoder(mel).last_hidden_state[0]
    finally:
        encoder.embed_positions = positions
        vars(encoder.config)["max_source_positions"] = limit


@pytest.mark.parametrize("pad", ["chunk", "none"])
def test_tokens_are_those_of_the_library(whisper, waves, pad):
    place, encoder, extractor = whisper
    ours = load_encoder(EncoderSettings("whisper", str(place), pad=pad))
    for name, wave in clips(waves):
        tokens = ours(torch.from_numpy(wave))
        expected = theirs(encoder, extractor, wave, pad)[: kept_tokens(len(wave))]
        assert tokens.shape == expected.shape, name
        torch.testing.assert_close(
            tokens, expected, atol=2e-3, rtol=1e-3, msg=lambda m, n=name: n + m
        )


def test_a_batch_and_a_copy_give_the_same_tokens(whisper, waves):
    ours = load_encoder(EncoderSettings("whisper", str(whisper[0])))
    pieces = [torch.from_numpy(waves["made"][:n]) for n in (20_000, 70_000)]
    for together, piece in zip(ours.encode(pieces), pieces, strict=True):
        torch.testing.assert_close(together, ours(piece), atol=1e-3, rtol=1e-3)
