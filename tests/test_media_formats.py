"""Flash and click stay together, whatever the rates, offsets and turns of a file."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from mavsr import media

FLASHES = (1.0, 2.0, 3.0)
LENGTH = 4.0


def frame_times(rate):
    return [Fraction(n) / rate for n in range(int(LENGTH * rate))]


def uneven_times():
    """Times of a clip of variable frame rate: steps of 15 to 90 ms, and every flash on time."""
    random = np.random.default_rng(0)
    times, now = [], 0.0
    while now < LENGTH:
        times.append(Fraction(round(now * 1000), 1000))
        now += random.choice([0.015, 0.033, 0.04, 0.05, 0.09])
    return sorted({*times, *map(Fraction, FLASHES)})


def write_clip(path, times, sample_rate=16_000, channels=1, video_start=0.0, audio_start=0.0):
    """Write frames shown at ``times`` and a click with every flash.

    The tracks begin ``video_start`` and ``audio_start`` seconds into the file; flashes and clicks
    keep the times of ``FLASHES`` on the file's clock.
    """
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=1000, options={"crf": "10", "bf": "2"})
        video.height = video.width = 64
        video.pix_fmt = "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, 30_000)
        layout = "stereo" if channels == 2 else "mono"
        codec = "pcm_s16le" if path.suffix == ".mov" else "aac"
        audio = container.add_stream(codec, rate=sample_rate, layout=layout)
        times = [t for t in times if t >= video_start]
        for time in times:
            lit = any(0 <= time - flash < 0.1 for flash in FLASHES)
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 255 * lit, np.uint8), "rgb24")
            frame.pts, frame.time_base = round(time * 30_000), Fraction(1, 30_000)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        sound = np.zeros((channels, round(LENGTH * sample_rate)), np.float32)
        for flash in FLASHES:
            burst = 0.8 * np.sin(6283 * np.arange(sample_rate // 50) / sample_rate)
            sound[:, round(flash * sample_rate) :][:, : len(burst)] = burst
        sound = sound[:, round(audio_start * sample_rate) :]
        if codec == "pcm_s16le":
            packed = (sound.T.reshape(1, -1) * 32767).astype(np.int16)
            block = av.AudioFrame.from_ndarray(packed, "s16", layout)
        else:
            block = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), "fltp", layout)
        block.sample_rate, block.time_base = sample_rate, Fraction(1, sample_rate)
        block.pts = round(audio_start * sample_rate)
        container.mux(audio.encode(block))
        container.mux(audio.encode(None))
    return path


def onsets(path, start=0.0, end=float("nan")):
    """Seconds at which the picture flashes and at which it clicks, from ``start`` on."""
    light = media.read_video(path, start, end).mean(axis=(1, 2, 3)) > 128
    loud = np.abs(media.read_audio(path, start, end)) > 0.3
    quiet = np.convolve(loud, np.ones(4_000), "full")[: len(loud)] - loud == 0
    flashes = np.flatnonzero(light & ~np.concatenate([[False], light[:-1]])) / 25
    return flashes, np.flatnonzero(loud & quiet) / 16_000


FORMATS = {
    "25": {"times": frame_times(25)},
    "29.97": {"times": frame_times(Fraction(30_000, 1_001))},
    "30": {"times": frame_times(30), "sample_rate": 44_100},
    "50": {"times": frame_times(50), "sample_rate": 22_050},
    "23.976": {"times": frame_times(Fraction(24_000, 1_001))},
    "variable": {"times": uneven_times(), "sample_rate": 48_000},
    "48 kHz stereo": {"times": frame_times(30), "sample_rate": 48_000, "channels": 2},
    "sound starts late": {"times": frame_times(25), "audio_start": 0.5},
    "picture starts late": {"times": frame_times(30), "video_start": 0.6, "sample_rate": 48_000},
}


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
@pytest.mark.parametrize("name", FORMATS)
def test_flash_and_click_are_in_sync_and_on_time(tmp_path, name, suffix):
    path = write_clip(tmp_path / f"a{suffix}", **FORMATS[name])
    flashes, clicks = onsets(path)
    assert len(flashes) == len(clicks) == 3
    assert np.abs(flashes - FLASHES).max() <= 0.04
    assert np.abs(clicks - FLASHES).max() <= 0.01
    frames, sound = media.read_video(path), media.read_audio(path)
    assert abs(len(frames) / 25 - LENGTH) <= 0.06
    assert abs(len(sound) / 16_000 - LENGTH) <= 0.07


@pytest.mark.parametrize("name", FORMATS)
def test_so_they_are_in_a_segment(tmp_path, name):
    path = write_clip(tmp_path / "a.mp4", **FORMATS[name])
    flashes, clicks = onsets(path, 1.6, 3.4)
    assert np.abs(flashes - (0.4, 1.4)).max() <= 0.04
    assert np.abs(clicks - (0.4, 1.4)).max() <= 0.01


def turn(path, degrees):
    """Ask players to turn the picture clockwise, as a telephone does: the matrix in its header."""
    content = bytearray(path.read_bytes())
    place = content.index(b"tkhd") + 4 + 40
    one = 1 << 16
    a, b, c, d = {90: (0, one, -one, 0), 180: (-one, 0, 0, -one), 270: (0, -one, one, 0)}[degrees]
    content[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_clip_comes_out_upright(tmp_path, degrees):
    upright = np.zeros((5, 64, 96, 3), np.uint8)
    upright[:, :32, :48] = 220
    stored = np.rot90(upright, degrees // 90, axes=(1, 2))  # counter-clockwise
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"crf": "5"})
        video.height, video.width, video.pix_fmt = *stored.shape[1:3], "yuv420p"
        for frame in stored:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    assert media.read_video(path).shape == stored.shape
    turn(path, degrees)
    frames = media.read_video(path)
    assert frames.shape == upright.shape
    assert np.abs(frames.astype(int) - upright).mean() < 5
