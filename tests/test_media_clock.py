"""One clock: every frame and packet at its own time, in whole files and in parts alike."""

import math
import struct
from fractions import Fraction

import av
import numpy as np
import pytest
import soundfile
from odd_videos import (
    CODECS,
    FLASHES,
    clicks,
    clicks_of,
    late_after,
    moving,
    onsets,
    shifted,
    write,
)

from mavsr import media
from mavsr.media.frames import Timed
from mavsr.media.steady import steady

SECONDS = 6
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov"}
FILES = {
    **{suffix: {"name": f"a{suffix}"} for suffix in CODECS if all(CODECS[suffix])},
    "ts, key frames 2 s apart": {"name": "a.ts", "gop": 50},
    "ts, key frames 4 s apart": {"name": "a.ts", "gop": 100},
    "mpg, key frames 2 s apart": {"name": "a.mpg", "gop": 50},
    "mkv, one key frame": {"name": "a.mkv", "gop": 1000},
    "fragments": {"name": "a.mp4", "options": FRAGMENTS},
    "open groups": {
        "name": "a.ts",
        "gop": 30,
        "codec_options": {"x264-params": "open-gop=1:scenecut=0"},
    },
    "no index": {"name": "a.webm", "options": {"live": "1"}},
    "time stamps wrap": {
        "name": "a.ts",
        "options": {"output_ts_offset": "95440", "mpegts_copyts": "1"},
    },
    "time stamps from a day": {"name": "a.ts", "options": {"output_ts_offset": "80000"}},
}


def make(folder, name, **options):
    # AVI cannot say that B-frames are shown later than they are stored.
    b_frames = 0 if name.endswith(".avi") else 2
    frames = moving(25 * SECONDS)
    return write(folder / name, frames, clicks(SECONDS), b_frames=b_frames, **options)


def same_in_parts(path, tolerance):
    """Compare parts of one second with the whole: frames to the bit, audio within a lag."""
    frames, audio = media.read_video(path), media.read_audio(path)
    for first in (12, 30, 55, 88, 109):
        start, end = first / 25, first / 25 + 1
        assert np.array_equal(media.read_video(path, start, end), frames[first : first + 25])
        part, whole = media.read_audio(path, start, end), audio[first * 640 :][:16_000]
        assert len(part) == len(whole) == 16_000
        lags = np.fft.irfft(np.fft.rfft(part, 32_768) * np.conj(np.fft.rfft(whole, 32_768)))
        lag = int(lags.argmax())
        assert min(lag, 32_768 - lag) <= tolerance
        if tolerance == 0:
            # A decoder needs some frames until its state is that of the whole file.
            assert np.abs(part - whole).max() < 2e-3


@pytest.mark.parametrize("name", FILES)
def test_a_part_is_the_same_span_of_the_whole(tmp_path, name):
    path = make(tmp_path, **FILES[name])
    flashes, heard = onsets(path)
    assert len(flashes) == len(heard) == len(FLASHES)
    assert np.abs(flashes - heard).max() <= 0.045
    # These round the times of audio to 1 ms, always in the same direction.
    same_in_parts(path, tolerance=16 if path.suffix in (".webm", ".flv") else 0)


@pytest.mark.parametrize("suffix", [".ts", ".mpg"])
def test_streams_put_together_go_on_where_their_time_stamps_jump_back(tmp_path, suffix):
    once = make(tmp_path, f"once{suffix}", gop=50)
    twice = tmp_path / f"twice{suffix}"
    twice.write_bytes(once.read_bytes() * 2)
    flashes, heard = onsets(twice)
    assert len(flashes) == len(heard) == 2 * len(FLASHES)
    assert np.abs(flashes - heard).max() <= 0.045
    again = flashes[len(FLASHES) :] - flashes[: len(FLASHES)]
    assert np.abs(again - SECONDS).max() <= 0.041
    same_in_parts(twice, tolerance=0)
    late = media.read_video(twice, 8.0, 9.0)
    assert np.array_equal(late, media.read_video(twice)[200:225])


@pytest.mark.parametrize("suffix", [".ts", ".mpg", ".mkv"])
def test_a_picture_that_comes_seconds_after_the_audio_is_held_until_then(tmp_path, suffix):
    shown = moving(50)
    path = write(tmp_path / f"a{suffix}", shown, clicks(11), times=range(200, 250))
    frames = media.read_video(path)
    assert frames.shape[1:] == shown.shape[1:] and abs(len(frames) - 275) <= 30
    assert (frames[:198] == frames[0]).all() and not np.array_equal(frames[225], frames[0])
    assert np.array_equal(media.read_video(path, 9.0, 9.8), frames[225:245])


def test_times_in_coarse_units_are_no_gaps():
    """GXF counts in fiftieths of a second, and its frames of audio last 0.68 s."""
    frames = []
    for number in range(12):
        frame = av.AudioFrame("s16", "mono", 32_768)
        frame.sample_rate, frame.time_base = 48_000, Fraction(1, 50)
        begins = number * 32_768 / 48_000
        frames.append(Timed(math.floor(begins * 50) / 50, frame, None, False))
    times = np.array([time for time, _ in steady(frames)])
    assert np.ptp(times - np.arange(12) * 32_768 / 48_000) < 1e-9


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
@pytest.mark.parametrize("gap", [0.4, 0.05])
def test_a_gap_in_the_audio_is_silent(tmp_path, suffix, gap):
    audio = clicks(SECONDS)
    path = write(tmp_path / f"a{suffix}", moving(175), audio, change=late_after(2.5, gap))
    plain = write(tmp_path / f"plain{suffix}", moving(175), audio)
    expected = clicks_of(plain) + np.where(np.array(FLASHES) > 2.5, gap, 0)
    assert np.abs(clicks_of(path) - expected).max() <= 0.003
    assert np.abs(clicks_of(path, 2.2, 4.8) - expected[2:4]).max() <= 0.003
    heard = media.read_audio(path)
    silent = np.flatnonzero(np.abs(heard[2 * 16_000 : 3 * 16_000]) < 1e-6)
    assert len(silent) == pytest.approx(gap * 16_000, abs=400)


def test_a_part_within_a_gap_is_silent_and_as_long_as_asked(tmp_path):
    path = write(tmp_path / "a.mp4", moving(250), clicks(SECONDS), change=late_after(2.5, 3.0))
    assert np.array_equal(media.read_audio(path, 3.5, 4.5), np.zeros(16_000, np.float32))


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_of_audio_that_overlaps_the_earlier_is_kept(tmp_path, suffix):
    audio = clicks(SECONDS, 16_000)
    change = late_after(2.5, -0.05)  # less than the 64 ms of a packet, so that their order stays
    path = write(tmp_path / f"a{suffix}", moving(150), audio, rate=16_000, change=change)
    plain = write(tmp_path / f"plain{suffix}", moving(150), audio, rate=16_000)
    expected = clicks_of(plain) - np.where(np.array(FLASHES) > 2.5, 0.05, 0)
    assert np.abs(clicks_of(path) - expected).max() <= 0.003
    before = slice(0, round(2.4 * 16_000))
    assert np.allclose(media.read_audio(path)[before], media.read_audio(plain)[before], atol=1e-4)


def test_time_stamps_that_jitter_leave_no_seams(tmp_path):
    random = np.random.default_rng(0)

    def shaken(packet):
        packet.pts += int(random.integers(0, 480))  # up to 10 ms
        packet.dts = packet.pts

    tone = 0.5 * np.sin(np.arange(6 * 48_000) * 2 * np.pi * 200 / 48_000)[None]
    path = write(tmp_path / "a.mkv", moving(150), tone, change=shaken)
    heard = media.read_audio(path)[4_000:90_000]
    assert np.abs(np.diff(heard)).max() < 0.5 * 2 * np.pi * 200 / 16_000 * 1.1


def test_frames_of_an_avi_with_b_frames_come_in_order(tmp_path):
    levels = np.broadcast_to(np.arange(20, 220, 2)[:, None, None, None], (100, 32, 32, 3))
    levels = np.ascontiguousarray(levels, np.uint8)
    path = write(tmp_path / "a.avi", levels, clicks(4), b_frames=2)
    shown = media.read_video(path).mean(axis=(1, 2, 3))
    assert np.diff(shown).min() > -1 and abs(shown[-1] - 218) < 3 and abs(shown[50] - 116) < 6


def test_parts_of_a_file_in_which_nothing_can_be_found(tmp_path):
    # Matroska has no negative times of B-frames: their packets have none, nor is there an index.
    whole = write(tmp_path / "whole.mp4", moving(150), clicks(SECONDS), gop=250)
    path = shifted(whole, tmp_path / "a.mkv", -0.5, avoid_negative_ts="disabled")
    frames = media.read_video(path)
    assert len(frames) > 130
    assert np.array_equal(media.read_video(path, 1.2, 2.4), frames[30:60])


def adpcm(folder, codec):
    """A tone of 4 s as ADPCM in WAV, of which FFmpeg reads many blocks at once, and as PCM."""
    time = np.arange(4 * 44_100) / 44_100
    tone = 0.4 * np.sin(2 * np.pi * (200 + 100 * time) * time)
    soundfile.write(folder / "odd.wav", np.stack([tone, tone], 1), 44_100, subtype=codec)
    soundfile.write(folder / "plain.wav", *soundfile.read(folder / "odd.wav", dtype="int16"))
    return folder / "odd.wav", folder / "plain.wav"


def amr(folder):
    """6 s of random AMR in 3GP, ten frames of 20 ms to a packet, and one."""
    random = np.random.default_rng(0)
    frames = b"".join(b"\x3c" + random.bytes(31) for _ in range(300))
    (folder / "a.amr").write_bytes(b"#!AMR\n" + frames)
    plain = shifted(folder / "a.amr", folder / "plain.3gp", 0.0)
    tables = bytearray(plain.read_bytes())
    for name, values in (
        (b"stsz", (0, 320, 30)),  # bytes of a packet, packets
        (b"stts", (0, 1, 30, 1_600)),  # packets, samples of each
        (b"stsc", (0, 1, 1, 30, 1)),  # packets of the only chunk
    ):
        struct.pack_into(f">{len(values)}I", tables, tables.index(name) + 4, *values)
    (folder / "odd.3gp").write_bytes(tables)
    return folder / "odd.3gp", plain


PACKETS = {
    "IMA ADPCM": lambda folder: adpcm(folder, "IMA_ADPCM"),
    "MS ADPCM": lambda folder: adpcm(folder, "MS_ADPCM"),
    "AMR": amr,
}


@pytest.mark.parametrize("kind", PACKETS)
def test_frames_of_one_packet_follow_each_other(tmp_path, kind):
    odd, plain = PACKETS[kind](tmp_path)
    with av.open(str(odd)) as container:
        stream = container.streams.audio[0]
        assert max(len(stream.decode(packet)) for packet in container.demux(stream)) > 1
    heard, expected = media.read_audio(odd), media.read_audio(plain)
    assert len(heard) == len(expected)
    inner = slice(400, -400)  # the resampler's ends
    assert np.abs(heard - expected)[inner].max() < 4e-3
    for first in (2, 3):
        part = media.read_audio(odd, first, first + 0.5)
        assert np.abs(part - heard[16_000 * first :][:8_000]).max() < 1e-3
