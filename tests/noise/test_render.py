import numpy as np
import pytest

from mavsr.errors import InputError
from mavsr.media import decode_audio, encode_audio
from mavsr.noise import Condition
from mavsr.noise.render import NoiseSettings, render
from mavsr.noise.sources import Recording

RANDOM = np.random.default_rng(0)
SPEECH = RANDOM.normal(0, 0.05, 48_000).astype(np.float32)
BABBLE = RANDOM.normal(0, 0.1, 160_000).astype(np.float32)

SHARE = 0.2
BOUNDARY = 128_000
"""Of BABBLE: what is before it training hears, what is behind it tests."""
PAPERS = {"snrs": (-5, 0, 5, 10, 15, 20, "clean"), "mask_samples": 6400}


def rendered(name, key="a", speech=SPEECH, babble=BABBLE, share=0.0, **changes):
    settings = NoiseSettings(**{**PAPERS, **changes})
    return render(speech, Recording(babble, share), Condition.parse(name), key, settings)


def offset_of(result):
    """First sample of the babble that was added."""
    ((_, first),) = result.noise.pieces
    return first


def test_clean_is_the_speech():
    result = rendered("clean")
    assert np.array_equal(result.audio, SPEECH)
    assert result.snr_db is None and result.noise is None


@pytest.mark.parametrize("level", [0.05, 0.5])
@pytest.mark.parametrize("snr", [-5, 0, 12.5])
def test_ratio_survives_scaling_and_16_bit(snr, level):
    speech = SPEECH * (level / 0.05)
    result = rendered(f"snr_{snr:g}", speech=speech)
    assert np.abs(result.audio).max() <= 1 and result.snr_db == snr
    written = np.float64(decode_audio(encode_audio(result.audio)))
    noise = np.float64(BABBLE[offset_of(result) :][: len(speech)])
    # What the mixture holds of speech and of noise, by least squares.
    parts, *_ = np.linalg.lstsq(np.stack([speech, noise], axis=1), written, rcond=None)
    ratio = np.square(parts[0] * speech).sum() / np.square(parts[1] * noise).sum()
    assert 10 * np.log10(ratio) == pytest.approx(snr, abs=0.01)


def test_the_stored_noise_of_faint_speech_keeps_its_ratio():
    """The faintest speech and the faintest noise for which docs/methods.md states a bound."""
    speech = SPEECH * np.float32(10 ** (-60 / 20) / SPEECH.std())
    speech = decode_audio(encode_audio(speech))
    stored = np.float64(decode_audio(encode_audio(rendered("snr_20", speech=speech).audio)))
    ratio = np.square(np.float64(speech)).sum() / np.square(stored - speech).sum()
    assert 10 * np.log10(ratio) == pytest.approx(20, abs=0.05)


def test_offset_depends_on_key_and_seed_but_not_on_the_ratio():
    offset = offset_of(rendered("snr_-5"))
    assert offset == offset_of(rendered("snr_10"))
    assert offset != offset_of(rendered("snr_-5", key="b"))
    assert offset != offset_of(rendered("snr_-5", seed=1))
    # Of another noise another draw decides.
    assert offset != offset_of(rendered("music_-5"))


def test_no_sample_of_the_babble_is_heard_in_training_and_in_tests():
    speech = SPEECH[:8_000]
    for key in map(str, range(60)):
        heard = offset_of(rendered("view_0", key, speech, share=SHARE, snrs=(0,)))
        assert heard >= 0 and heard + len(speech) <= BOUNDARY
        tested = offset_of(rendered("snr_0", key, speech, share=SHARE))
        assert tested >= BOUNDARY and tested + len(speech) <= len(BABBLE)
        # The share 0 is that of the papers: both hear all of it.
    both = [
        offset_of(rendered(name, str(key), speech, snrs=(0,)))
        for key in range(60)
        for name in ("view_0", "snr_0")
    ]
    assert min(both) < 30_000 and max(both) > BOUNDARY


def test_a_part_that_is_shorter_than_a_clip_is_repeated_within_itself():
    result = rendered("snr_0", share=0.1)  # 16,000 samples for 48,000
    assert result.noise.repeats and offset_of(result) >= 144_000
    assert np.array_equal(result.noise.samples[:16_000], result.noise.samples[16_000:32_000])
    assert not rendered("view_0", share=0.1, snrs=(0,)).noise.repeats


def test_views_are_repeatable_and_differ():
    assert np.array_equal(rendered("view_1").audio, rendered("view_1").audio)
    sounds = {rendered(f"view_{view}").audio.tobytes() for view in range(5)}
    sounds |= {
        rendered("view_1", key="b").audio.tobytes(),
        rendered("view_1", seed=1).audio.tobytes(),
    }
    assert len(sounds) == 7


def test_views_draw_every_ratio_equally_often():
    speech = SPEECH[:2_000]
    drawn = [rendered("view_0", key=str(key), speech=speech).snr_db for key in range(1_400)]
    for snr in (-5, 0, 5, 10, 15, 20, None):
        assert drawn.count(snr) == pytest.approx(200, abs=60)


def test_views_mask_before_they_add_noise():
    for key in map(str, range(20)):
        plain = rendered("view_0", key, np.ones(48_000, np.float32), snrs=("clean",)).audio
        if not plain.all():
            break
    assert 0 < (plain == 0).sum() < 3 * 6_400
    noisy = rendered("view_0", key, np.ones(48_000, np.float32), snrs=(10,)).audio
    assert noisy[plain == 0].any()
    assert rendered("view_0", key, snrs=("clean",), mask_samples=0).audio.all()


def test_short_noise_is_repeated():
    noise = BABBLE[:1_000]
    result = rendered("snr_0", babble=noise)
    added = result.audio / np.abs(result.audio).max()
    speech = SPEECH / SPEECH.std()
    assert len(result.audio) == len(SPEECH) and result.snr_db == 0
    assert np.isfinite(added).all()
    residual = result.audio - SPEECH
    assert np.allclose(residual[1_000:2_000], residual[2_000:3_000], atol=1e-5)
    assert abs(np.corrcoef(speech, residual)[0, 1]) < 0.05


@pytest.mark.parametrize("snr", [-5, 0, 15])
def test_a_views_ratio_is_that_of_the_masked_speech(snr):
    masked = np.float64(rendered("view_2", snrs=("clean",)).audio)
    result = rendered("view_2", snrs=(snr,))
    assert (masked == 0).any() and np.abs(result.audio).max() < 1  # so it was not scaled
    ratio = np.square(masked).sum() / np.square(result.audio - masked).sum()
    assert result.snr_db == snr
    assert 10 * np.log10(ratio) == pytest.approx(snr, abs=0.01)


@pytest.mark.parametrize("name", ["snr_0", "snr_-5", "view_0"])
def test_silent_speech_stays_silent_and_claims_no_ratio(name):
    result = rendered(name, speech=np.zeros(8_000, np.float32))
    assert not result.audio.any()
    assert result.snr_db is None and result.noise is None


def test_silence_in_the_babble_is_no_noise_and_named():
    babble = np.concatenate([BABBLE[:10], np.zeros(100_000, np.float32)])
    with pytest.raises(
        InputError, match=r"clip 'a': the babble is silent for 3\.00 s from .* no SNR"
    ):
        rendered("snr_0", babble=babble)


@pytest.mark.parametrize(
    "setting", [{"snrs": ()}, {"snrs": ("loud",)}, {"mask_samples": -1}, {"mask_stride": 0}]
)
def test_settings_are_checked(setting):
    with pytest.raises(InputError, match=next(iter(setting))):
        NoiseSettings(**setting)
