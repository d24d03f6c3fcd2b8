import os
import re
from concurrent.futures.process import BrokenProcessPool

import av
import numpy as np
import pytest
import scipy.io
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odd_videos import encode

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.noise import recording as module
from mavsr.noise.folder import SUFFIXES
from mavsr.noise.recording import _apart, read_mat, recording, resample

RATE = 19_980
SECONDS = 3
LSB = 2.0**-15
MURMUR = (np.random.default_rng(0).normal(0, 2_000, SECONDS * RATE)).astype(np.int16)


@pytest.fixture
def one_process(monkeypatch):
    """MATLAB files that are whole are read in this process; a new one takes a second to begin."""
    monkeypatch.setattr(module, "_apart", lambda function, *arguments: function(*arguments))


def mat(path, compressed=True, **variables):
    scipy.io.savemat(path, variables, do_compression=compressed)
    return path


def imported(source, tmp_path, **options):
    recording(source, tmp_path / "out" / "babble.flac", **options)
    sound, rate = soundfile.read(tmp_path / "out" / "babble.flac", dtype="float64")
    assert rate == 16_000
    return sound


def full(values):
    """Scaled to what is written."""
    return values * (0.9 / np.abs(values.astype(np.float64)).max())


def write_sound(path, channels):
    """Write (N,) or (channels, N) at 48 kHz, as the suffix says."""
    channels = np.atleast_2d(channels).astype(np.float32)
    if path.suffix not in (".m4a", ".aac"):
        kind = {".opus": ("OGG", "OPUS")}.get(path.suffix, (None, None))
        soundfile.write(path, channels.T, 48_000, format=kind[0], subtype=kind[1])
        return path
    with av.open(str(path), "w") as container:
        container.mux(encode(container, "aac", channels, 48_000))
    return path


def tone(hz, seconds, rate):
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def test_the_distributed_file_becomes_16_khz(tmp_path):
    sound = imported(mat(tmp_path / "babble.mat", babble=MURMUR[:, None]), tmp_path)
    assert len(sound) == SECONDS * 16_000
    assert np.allclose(sound, full(resample(MURMUR.astype(np.float64), RATE)), atol=LSB)


def test_a_flat_spectrum_loses_what_lies_above_8_khz():
    power = np.mean(MURMUR.astype(np.float64) ** 2)
    assert np.mean(resample(MURMUR, RATE) ** 2) == pytest.approx(power * 16_000 / RATE, rel=0.06)


@pytest.mark.parametrize("rate", [RATE, 8_000, 16_000, 44_100, 48_000])
def test_tones_keep_pitch_level_and_place(rate):
    sound = resample(tone(440, 2, rate), rate)
    assert len(sound) == 32_000
    inner = slice(800, -800)
    assert np.allclose(sound[inner], tone(440, 2, 16_000)[inner], atol=2e-3)


def test_nothing_drifts_over_the_whole_length():
    sound = resample(tone(440, 235, RATE), RATE)
    assert len(sound) == 235 * 16_000
    assert np.allclose(sound[-9_000:-800], tone(440, 235, 16_000)[-9_000:-800], atol=2e-3)


def test_what_16_khz_cannot_hold_is_removed():
    assert np.abs(resample(tone(9_500, 1, RATE), RATE)[400:-400]).max() < 0.01


def test_a_wave_file_and_a_matlab_file_of_one_recording_agree(one_process, tmp_path):
    first = imported(mat(tmp_path / "a.mat", x=MURMUR), tmp_path)
    soundfile.write(tmp_path / "a b é.wav", MURMUR, RATE, subtype="PCM_16")
    second = imported(tmp_path / "a b é.wav", tmp_path)
    assert np.array_equal(first, second)


def test_sound_files_are_believed(tmp_path):
    stereo = np.stack([tone(440, 1.5, 48_000), np.zeros(72_000)], axis=1)
    soundfile.write(tmp_path / "x.flac", stereo, 48_000)
    sound = imported(tmp_path / "x.flac", tmp_path, mat_hz=1_000)
    assert len(sound) == 24_000
    inner = slice(800, -800)
    assert np.allclose(sound[inner], 0.9 * tone(440, 1.5, 16_000)[inner], atol=0.01)


@pytest.mark.parametrize(
    "values",
    [
        MURMUR,
        MURMUR[None],
        MURMUR.astype(np.float64),
        MURMUR / 32_768.0,
        (MURMUR / 32_768.0).astype(np.float32),
        MURMUR.astype(np.int32) * 65_536,
        MURMUR.astype(np.int32).__add__(32_768).astype(np.uint16),
    ],
    ids=["int16", "row", "16-bit floats", "unit floats", "float32", "int32", "uint16"],
)
@pytest.mark.parametrize("compressed", [True, False])
def test_all_kinds_of_numbers_give_the_same_sound(one_process, tmp_path, values, compressed):
    sound, rate = read_mat(mat(tmp_path / "x.mat", compressed, n=values), RATE)
    assert rate == RATE
    assert np.allclose(full(sound), full(MURMUR), atol=1e-6)


def test_another_rate_of_a_matlab_file(one_process, tmp_path):
    sound = imported(mat(tmp_path / "x.mat", x=MURMUR), tmp_path, mat_hz=16_000)
    assert np.allclose(sound, full(MURMUR), atol=LSB)


@pytest.mark.parametrize("peak", [1e-6, 1.05, 3.0, 20_000.0, 1e60])
@pytest.mark.parametrize("suffix", [".mat", ".wav"])
def test_the_scale_of_a_recording_does_not_matter(one_process, tmp_path, peak, suffix):
    values = peak * MURMUR / np.abs(MURMUR).max()
    path = tmp_path / f"x{suffix}"
    if suffix == ".mat":
        mat(path, x=values)
    else:
        soundfile.write(path, values, RATE, subtype="DOUBLE")
    plain = imported(mat(tmp_path / "plain.mat", x=MURMUR), tmp_path)
    assert np.allclose(imported(path, tmp_path), plain, atol=LSB)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_whatever_a_folder_may_hold_can_be_named_by_itself(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    write_sound(path, 0.5 * tone(440, 2, 48_000))
    sound = imported(path, tmp_path)
    assert abs(len(sound) - 32_000) < 3_000
    spectrum = np.abs(np.fft.rfft(sound[8_000:24_000]))
    assert spectrum.argmax() == 440
    assert np.abs(sound).max() == pytest.approx(0.9, abs=LSB)


@pytest.mark.parametrize("suffix", [".wav", ".m4a"])
@pytest.mark.parametrize("other", [-1.0, -0.95])
def test_channels_that_cancel_are_no_noise(tmp_path, suffix, other):
    voice = 0.5 * tone(440, 2, 48_000)
    path = write_sound(tmp_path / f"x{suffix}", np.stack([voice, other * voice]))
    with pytest.raises(InputError, match=r"x\.\w+: its channels cancel each other.* drop one"):
        imported(path, tmp_path)


@pytest.mark.parametrize(
    ("value", "message"), [(0.0, "is silent"), (np.nan, "not finite"), (np.inf, "not finite")]
)
def test_a_sound_file_without_sound_is_named(tmp_path, value, message):
    samples = np.zeros((2 * RATE, 2))
    samples[RATE] = value
    soundfile.write(tmp_path / "x.wav", samples, RATE, subtype="FLOAT")
    with pytest.raises(InputError, match=message):
        imported(tmp_path / "x.wav", tmp_path)


SILENCE = np.zeros(RATE * 2, np.int16)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "it holds none"),
        ({"a": MURMUR, "b": MURMUR}, "it holds a, b"),
        ({"a": np.zeros((0, 0))}, r"is 0.000 s long; noise needs 1.0 s"),
        ({"a": MURMUR[: RATE - 1]}, "s long; noise needs"),
        ({"a": MURMUR.reshape(3, -1)}, r"a has the shape \(3, 19980\)"),
        ({"a": np.where(MURMUR > 9_000, np.nan, MURMUR)}, "not finite"),
        ({"a": np.where(MURMUR > 9_000, np.inf, MURMUR)}, "not finite"),
        ({"a": SILENCE}, "is silent"),
        ({"a": "text"}, "holds no real numbers"),
        ({"a": MURMUR * 1j}, "holds no real numbers"),
        ({"a": {"b": MURMUR}}, "holds no real numbers"),
    ],
)
def test_nonsense_is_named(one_process, tmp_path, variables, message):
    path = mat(tmp_path / "x.mat", **variables)
    with pytest.raises(InputError, match=message) as caught:
        imported(path, tmp_path)
    assert str(path) in str(caught.value)
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_unsigned_silence_is_silence(one_process, tmp_path):
    path = mat(tmp_path / "x.mat", a=np.full(RATE * 2, 128, np.uint8))
    with pytest.raises(InputError, match="is silent"):
        imported(path, tmp_path)


@pytest.mark.parametrize("name", ["x.wav", "x.mat"])
@pytest.mark.parametrize("content", [b"", b"no sound", bytes(4_096)])
def test_what_is_no_sound_is_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=re.escape(str(tmp_path / name))):
        imported(tmp_path / name, tmp_path)


@given(st.binary(min_size=1, max_size=8), st.integers(0, 10**6), st.booleans())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=5, deadline=None
)
def test_a_damaged_matlab_file_is_an_input_error_or_sound(tmp_path, spoilt, place, compressed):
    content = bytearray(mat(tmp_path / "x.mat", compressed, a=MURMUR[:4_000]).read_bytes())
    place %= 200
    content[place : place + len(spoilt)] = spoilt
    (tmp_path / "x.mat").write_bytes(content)
    try:
        read_mat(tmp_path / "x.mat", RATE)
    except InputError as error:
        assert str(tmp_path) in str(error)


def test_a_crash_of_the_matlab_reader_is_an_error_not_the_end():
    with pytest.raises(BrokenProcessPool):
        _apart(os.abort)


def test_matlab_7_3_is_told_what_to_do(tmp_path):
    head = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(512)
    (tmp_path / "x.mat").write_bytes(head)
    with pytest.raises(InputError, match="save it with -v7"):
        imported(tmp_path / "x.mat", tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(
        InputError, match=r"the noise .*gone.wav is not a file; correct noise.babble or noises"
    ):
        imported(tmp_path / "gone.wav", tmp_path)


def test_the_command_takes_the_rate_of_a_matlab_file(tmp_path, monkeypatch):
    output, source = tmp_path / "babble.flac", mat(tmp_path / "a b é.MAT", x=MURMUR)
    arguments = ["--source", str(source), "--mat_hz", "19980", "--output", str(output)]
    monkeypatch.setattr("sys.argv", ["recording", *arguments])
    run_command(recording)
    assert soundfile.info(output).frames == SECONDS * 16_000
