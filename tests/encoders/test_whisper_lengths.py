"""Clips as long as they are (``pad: none``), and clips beyond Whisper's chunk."""

import numpy as np
import pytest
import torch
from test_whisper import SECONDS, sound

from mavsr.encoders import EncoderSettings, load_encoder
from mavsr.encoders.whisper import kept_tokens

CHUNK = 16_000 * SECONDS


@pytest.fixture(scope="module")
def unpadded(folder):
    return load_encoder(EncoderSettings("whisper", str(folder), pad="none"))


@pytest.fixture(scope="module")
def splitting(folder):
    return load_encoder(EncoderSettings("whisper", str(folder)), split_long=True)


def test_a_clip_of_the_full_length_needs_no_padding(encoder, unpadded):
    clip = sound(CHUNK)
    torch.testing.assert_close(unpadded.encode([clip]), encoder.encode([clip]))


def test_padding_changes_the_tokens_of_a_shorter_clip(encoder, unpadded):
    (padded,), (own,) = (e.encode([sound(16_000)]) for e in (encoder, unpadded))
    assert padded.shape == own.shape == (50, 32)
    assert not torch.allclose(padded, own, atol=1e-3)


@pytest.mark.parametrize("samples", [1, 640, 7_999, 8_000, 12_345, 29 * 640, CHUNK])
def test_the_number_of_tokens_does_not_depend_on_padding(encoder, unpadded, samples):
    lengths = [len(e.encode([sound(samples)])[0]) for e in (encoder, unpadded)]
    assert lengths == [kept_tokens(samples)] * 2


def test_unpadded_clips_of_a_batch_do_not_change_each_other(unpadded):
    clips = [sound(9_000, 1), sound(20_000, 2)]
    alone = [unpadded.encode([clip])[0] for clip in clips]
    torch.testing.assert_close(unpadded.encode(clips), alone, rtol=0, atol=0)


def test_the_length_of_a_clip_counts_its_padding(encoder, unpadded, splitting):
    assert [encoder.seconds(sound(n)) for n in (1, CHUNK)] == [SECONDS, SECONDS]
    assert unpadded.seconds(sound(8_000)) == 0.5
    assert splitting.seconds(sound(CHUNK + 1)) == 2 * SECONDS


@pytest.mark.parametrize("excess", [1, 320, 29 * 640, CHUNK, 2 * CHUNK + 12_345])
def test_long_clips_are_encoded_in_equal_pieces(encoder, splitting, excess):
    clip = sound(CHUNK + excess)
    (tokens,) = splitting.encode([clip])
    assert len(tokens) == kept_tokens(len(clip))
    count = -(-len(clip) // CHUNK)
    size = -(-len(clip) // (320 * count)) * 320
    # Level and offset do not matter to a piece by itself, so compare what the whole's level gives.
    wave = torch.nn.functional.layer_norm(clip, clip.shape, eps=1e-8)
    mel = encoder._mel([wave[:size].numpy()], "max_length")
    first = encoder.network(mel).last_hidden_state[0, : size // 320]
    torch.testing.assert_close(tokens[: size // 320], first[: len(tokens)])


def test_clips_within_the_chunk_are_never_cut(encoder, splitting):
    for samples in (5_000, CHUNK - 1, CHUNK):
        clip = sound(samples)
        torch.testing.assert_close(splitting.encode([clip]), encoder.encode([clip]), rtol=0, atol=0)


def test_long_and_short_clips_mix_in_one_batch(splitting):
    clips = [sound(n, n) for n in (4_000, 3 * CHUNK + 5, CHUNK, CHUNK + 640)]
    together = splitting.encode(clips)
    for clip, tokens in zip(clips, together, strict=True):
        np.testing.assert_allclose(tokens, splitting.encode([clip])[0], atol=1e-5)
