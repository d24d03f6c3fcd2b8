import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mavsr.errors import InputError
from mavsr.noise.mixing import mask_spans, mix


def snr_of(speech, mixture):
    speech, mixture = np.float64(speech), np.float64(mixture)
    return 10 * np.log10(np.sum(speech**2) / np.sum((mixture - speech) ** 2))


@settings(deadline=None, max_examples=60)
@given(
    snr=st.floats(-20, 30),
    seed=st.integers(0, 2**32),
    samples=st.integers(100, 20_000),
    level=st.sampled_from([1e-3, 0.1, 1.0]),
)
def test_ratio_is_exact_to_a_hundredth_of_a_decibel(snr, seed, samples, level):
    random = np.random.default_rng(seed)
    speech = random.normal(0, 0.1, samples).astype(np.float32)
    noise = random.normal(0, level, samples).astype(np.float32)
    mixture = mix(speech, noise, snr)
    assert mixture.dtype == np.float32
    assert snr_of(speech, mixture) == pytest.approx(snr, abs=0.01)


def test_zero_decibels_are_zero_decibels():
    random = np.random.default_rng(0)
    speech, noise = random.normal(0, 0.1, (2, 16_000))
    assert snr_of(speech, mix(speech, noise, 0)) == pytest.approx(0, abs=1e-6)


def test_torch_and_numpy_agree():
    speech, noise = torch.randn(2, 1_000, generator=torch.Generator().manual_seed(0))
    mixture = mix(speech, noise, 5)
    assert isinstance(mixture, torch.Tensor)
    assert np.array_equal(mixture.numpy(), mix(speech.numpy(), noise.numpy(), 5))


@pytest.mark.parametrize("silent", ["speech", "noise"])
def test_silence_returns_the_speech_unchanged(silent):
    sound = np.random.default_rng(0).normal(0, 0.1, 500).astype(np.float32)
    speech = np.zeros_like(sound) if silent == "speech" else sound
    noise = np.zeros_like(sound) if silent == "noise" else sound
    assert np.array_equal(mix(speech, noise, -5), speech)


def test_faint_noise_is_still_scaled_exactly():
    random = np.random.default_rng(0)
    speech = random.normal(0, 0.1, 16_000).astype(np.float32)
    noise = random.normal(0, 1e-25, 16_000).astype(np.float32)
    assert snr_of(speech, mix(speech, noise, 10)) == pytest.approx(10, abs=0.01)


def test_read_only_input_is_left_alone():
    speech = np.full(10, 0.5, np.float32)
    noise = np.ones(10, np.float32)
    speech.flags.writeable = noise.flags.writeable = False
    mix(speech, noise, 0)
    assert (speech == 0.5).all()


def test_wrong_arguments_are_named():
    with pytest.raises(InputError, match=r"\(10,\) and noise \(9,\)"):
        mix(np.ones(10), np.ones(9), 0)
    with pytest.raises(InputError, match=r"snr_db is nan"):
        mix(np.ones(10), np.ones(10), float("nan"))


@given(length=st.integers(1, 100_000), seed=st.integers(0, 1_000))
def test_mask_spans_lie_inside_and_are_short(length, seed):
    spans = mask_spans(length, np.random.default_rng(seed), 6_400, 16_000)
    assert len(spans) <= -(-length // 16_000)
    for start, stop in spans:
        assert 0 <= start <= stop <= length and stop - start < 6_400


def test_mask_length_is_uniform_and_independent_of_the_bound():
    random = np.random.default_rng(0)
    spans = np.array(
        [span for _ in range(1_000) for span in mask_spans(80_000, random, 6_400, 16_000)]
    )
    assert len(spans) == pytest.approx(5_000, abs=5)
    starts, lengths = spans[:, 0], spans[:, 1] - spans[:, 0]
    # Uniform in [0, 6400), less what is cut at the end of the clip.
    assert lengths.mean() == pytest.approx(3_200 - 0.02 * 3_200, abs=120)
    # Starts are uniform in [0, 80000 - bound): mean (80000 - 3200) / 2.
    assert starts.mean() == pytest.approx(38_400, abs=1_000)
    inner = starts < 70_000
    assert abs(np.corrcoef(starts[inner], lengths[inner])[0, 1]) < 0.05


@pytest.mark.parametrize("snr", [-5.0, 0.0, 20.0])
def test_the_ratio_of_clipped_sound_is_exact(snr):
    random = np.random.default_rng(1)
    speech, noise = np.clip(random.normal(0, 5, (2, 16_000)), -1, 1).astype(np.float32)
    assert np.mean(np.abs(speech) == 1) > 0.8
    assert snr_of(speech, mix(speech, noise, snr)) == pytest.approx(snr, abs=0.01)
