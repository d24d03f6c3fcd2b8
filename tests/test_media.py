import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest
from odd_videos import moving, write
from videos import write_mp4

from mavsr import media
from mavsr.errors import InputError


def clock_frames(count, rate):
    """Grey frames whose level tells their time: 100 levels per second."""
    levels = np.round(20 + np.arange(count) / float(rate) * 100).astype(np.uint8)
    return np.broadcast_to(levels[:, None, None, None], (count, 32, 32, 3)).copy()


def times(frames):
    return (frames.mean(axis=(1, 2, 3)) - 20) / 100


@pytest.mark.parametrize("rate", [25, 30, Fraction(30_000, 1_001), 50, 15])
def test_video_is_resampled_to_25_frames_per_second(tmp_path, rate):
    path = write_mp4(tmp_path / "a.mp4", clock_frames(round(2 * rate), rate), rate=rate)
    frames = media.read_video(path)
    assert len(frames) == 50 and frames.dtype == np.uint8
    expected = np.arange(50) / 25
    allowed = 0.5 / 25 + (1 / float(rate) if rate < 25 else 0) + 0.012
    assert np.abs(times(frames) - expected).max() <= allowed


def test_a_path_may_be_text(tmp_path):
    path = write_mp4(tmp_path / "a.mp4", clock_frames(50, 25), np.ones(32_000, np.float32) / 10)
    assert np.array_equal(media.read_video(str(path)), media.read_video(path))
    assert np.array_equal(media.read_audio(str(path)), media.read_audio(path))
    for suffix in (".mp4", ".mkv", ".mpg"):
        path = write(tmp_path / f"b{suffix}", moving(25), np.ones((1, 48_000), np.float32) / 10)
        assert media.measure(str(path)) == media.measure(path)


@pytest.mark.parametrize("start, end", [(0.0, 0.4), (0.52, 1.0), (1.6, 2.0), (1.96, 2.0)])
@pytest.mark.parametrize("rate", [25, 30])
def test_video_cuts(tmp_path, rate, start, end):
    path = write_mp4(tmp_path / "a.mp4", clock_frames(2 * rate, rate), rate=rate)
    frames = media.read_video(path, start, end)
    assert len(frames) == round((end - start) * 25)
    assert np.abs(times(frames) - np.arange(len(frames)) / 25 - start).max() <= 0.02 + 0.012


def test_video_cut_of_a_long_file_is_the_slice_of_the_whole(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (200, 16, 16, 3), dtype=np.uint8)
    path = write_mp4(tmp_path / "a.mp4", frames)
    whole = media.read_video(path)
    for first, last in ((0, 10), (30, 60), (100, 101), (171, 200)):
        cut = media.read_video(path, first / 25, last / 25)
        assert np.array_equal(cut, whole[first:last])
    assert np.array_equal(media.read_video(path, 5.0), whole[125:])


@pytest.mark.parametrize("read", [media.read_video, media.read_audio])
def test_a_small_interval_of_a_long_file_is_sought(tmp_path, monkeypatch, read):
    frames, sound = clock_frames(500, 250), np.zeros((1, 320_000))
    path = write_mp4(tmp_path / "a.mp4", frames, sound)
    taken = []

    class Counted:
        def __init__(self, container):
            self.container = container

        def __getattr__(self, name):
            return getattr(self.container, name)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.container.close()

        def demux(self, *streams):
            for packet in self.container.demux(*streams):
                if packet.pts is not None:
                    taken.append(float(packet.pts * packet.time_base))
                yield packet

    opened = av.open
    monkeypatch.setattr(av, "open", lambda name: Counted(opened(name)))
    read(path, 15.0, 15.2)
    assert min(taken) > 12 and max(taken) < 17


def test_an_interval_inside_one_slow_frame_shows_that_frame(tmp_path):
    path = write_mp4(tmp_path / "a.mp4", clock_frames(4, 2), rate=2)
    frames = media.read_video(path, 0.6, 0.8)
    assert len(frames) == 5 and np.allclose(times(frames), 0.5, atol=0.015)


def test_interval_beyond_the_end_is_named(tmp_path):
    path = write_mp4(tmp_path / "a.mp4", clock_frames(25, 25), np.zeros(16_000))
    with pytest.raises(InputError, match=r"no video frame between 3\.0 s and 4\.0 s"):
        media.read_video(path, 3.0, 4.0)
    with pytest.raises(InputError, match=r"no audio between 3\.0 s and 4\.0 s"):
        media.read_audio(path, 3.0, 4.0)


def click_track(sample_rate, channels, seconds=4):
    sound = np.zeros((channels, seconds * sample_rate))
    for second in range(1, seconds):
        phase = np.arange(sample_rate // 100) / sample_rate
        sound[:, second * sample_rate :][:, : len(phase)] = 0.8 * np.sin(6283 * phase)
    return sound


@pytest.mark.parametrize("sample_rate, channels", [(16_000, 1), (44_100, 1), (48_000, 2)])
def test_sound_is_in_sync_with_the_picture(tmp_path, sample_rate, channels):
    frames = np.zeros((100, 32, 32, 3), np.uint8)
    frames[[25, 50, 75]] = 255
    clicks = click_track(sample_rate, channels)
    path = write_mp4(tmp_path / "a.mp4", frames, clicks, sample_rate=sample_rate)
    sound = media.read_audio(path)
    assert sound.dtype == np.float32 and len(sound) == pytest.approx(64_000, abs=1_024)
    flashes = np.flatnonzero(media.read_video(path).mean(axis=(1, 2, 3)) > 128)
    assert flashes.tolist() == [25, 50, 75]
    for flash in flashes:
        around = np.abs(sound[flash * 640 - 4_000 : flash * 640 + 4_000])
        onset = np.flatnonzero(around > 0.3)[0] - 4_000
        assert abs(onset) < 80


@pytest.mark.parametrize("sample_rate, channels", [(16_000, 1), (44_100, 1), (48_000, 2)])
def test_sound_cuts_are_in_place(tmp_path, sample_rate, channels):
    clicks = click_track(sample_rate, channels)
    path = write_mp4(tmp_path / "a.mp4", None, clicks, sample_rate=sample_rate)
    whole = media.read_audio(path)
    for start, end in ((0.0, 1.5), (0.8, 1.2), (2.73, 3.3)):
        cut = media.read_audio(path, start, end)
        part = whole[round(start * 16_000) : round(end * 16_000)]
        assert cut.shape == part.shape == (round((end - start) * 16_000),)
        lags = np.correlate(cut, part, "full")
        assert abs(int(lags.argmax()) - (len(part) - 1)) <= 1
        assert np.isclose(np.abs(cut).max(), np.abs(part).max(), rtol=0.1)


def test_stereo_is_averaged(tmp_path):
    tone = 0.5 * np.sin(np.arange(48_000) * 0.05)
    path = write_mp4(tmp_path / "a.mp4", None, np.stack([tone, 0 * tone]), sample_rate=48_000)
    assert media.read_audio(path)[2_000:14_000].std() == pytest.approx(tone.std() / 2, rel=0.05)


def test_lossless_video_round_trips_exactly():
    random = np.random.default_rng(0)
    for shape in ((3, 96, 96, 3), (1, 97, 95, 3), (2, 88, 88, 3)):
        frames = random.integers(0, 256, shape, dtype=np.uint8)
        assert np.array_equal(media.decode_video(media.encode_lossless(frames)), frames)


def test_lossless_video_has_the_same_bytes_in_every_process():
    program = (
        "import hashlib, numpy as np; from mavsr.media import encode_lossless;"
        "x = np.random.default_rng(0).integers(0, 256, (5, 96, 96, 3), dtype=np.uint8);"
        "print(hashlib.sha256(encode_lossless(x)).hexdigest())"
    )
    command = [sys.executable, "-c", program]
    digests = {subprocess.check_output(command) for _ in range(2)}
    assert len(digests) == 1


def test_sound_round_trips_to_16_bit():
    sound = np.random.default_rng(0).uniform(-1, 1, 5_000).astype(np.float32)
    decoded = media.decode_audio(media.encode_audio(sound))
    assert decoded.dtype == np.float32 and np.abs(decoded - sound).max() < 1 / 32_000
    assert media.encode_audio(sound) == media.encode_audio(sound)


@pytest.mark.parametrize("read", [media.read_video, media.read_audio])
@pytest.mark.parametrize("content", [b"", b"this is no video"])
def test_unreadable_files_are_named(tmp_path, read, content):
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.mp4: cannot be read"):
        read(path)


def test_missing_tracks_are_named(tmp_path):
    silent = write_mp4(tmp_path / "silent.mp4", clock_frames(5, 25))
    blind = write_mp4(tmp_path / "blind.mp4", None, np.zeros(16_000))
    with pytest.raises(InputError, match=r"silent\.mp4: no audio track"):
        media.read_audio(silent)
    with pytest.raises(InputError, match=r"blind\.mp4: no video track"):
        media.read_video(blind)
