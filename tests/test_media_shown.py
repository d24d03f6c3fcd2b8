"""Video and audio as a player shows them: turned, mirrored, stretched, of the flagged track."""

import logging
import struct
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
import soundfile
from av.stream import Disposition
from odd_videos import clicks, encode, moving, write

from mavsr import media
from mavsr.errors import InputError

ONE = 1 << 16


def corner(height=64, width=96, count=6):
    """Frames that are bright in their upper left corner."""
    frames = np.zeros((count, height, width, 3), np.uint8)
    frames[:, : height // 2, : width // 2] = 220
    return frames


def set_matrix(path, a, b, c, d):
    """Ask players to take a stored pixel (x, y) to (a x + c y, b x + d y)."""
    content = bytearray(path.read_bytes())
    place = content.index(b"tkhd") + 4 + 40
    entries = (round(entry * ONE) for entry in (a, b, 0, c, d))
    content[place : place + 36] = struct.pack(">9i", *entries, 0, 0, 0, 1 << 30)
    path.write_bytes(content)


def carried_out(frames, a, b, c, d):
    """The matrix of quarter turns and mirrors by NumPy: its inverse, pixel by pixel."""
    count, height, width = frames.shape[:3]
    rows, columns = np.mgrid[:height, :width]
    x, y = a * columns + c * rows, b * columns + d * rows
    x, y = x - x.min(), y - y.min()
    shown = np.zeros((count, y.max() + 1, x.max() + 1, 3), np.uint8)
    shown[:, y, x] = frames
    return shown


MATRICES = [(a, b, c, d) for a, d in ((1, 1), (1, -1), (-1, 1), (-1, -1)) for b, c in ((0, 0),)]
MATRICES += [(0, b, c, 0) for b in (1, -1) for c in (1, -1)]


@pytest.mark.parametrize("matrix", MATRICES)
def test_quarter_turns_and_mirrors_are_carried_out(tmp_path, matrix):
    path = write(tmp_path / "a.mp4", corner())
    stored = media.read_video(path)
    set_matrix(path, *matrix)
    assert np.array_equal(media.read_video(path), carried_out(stored, *matrix))
    assert np.array_equal(media.read_video(path, 0.08), carried_out(stored, *matrix)[2:])


def test_other_turns_are_refused_by_name(tmp_path):
    path = write(tmp_path / "slanted.mp4", corner())
    set_matrix(path, 0.866, 0.5, -0.5, 0.866)
    with pytest.raises(InputError, match=r"slanted\.mp4: is to be shown turned by 30 degrees"):
        media.read_video(path)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_and_mirrors_in_the_exif_of_motion_jpeg_are_carried_out(tmp_path, orientation):
    jpeg = cv2.imencode(".jpg", corner(count=1)[0])[1].tobytes()
    field = struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    exif = b"Exif\0\0" + field
    picture = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]
    path = tmp_path / "a.mjpeg"
    path.write_bytes(5 * picture)
    frames = media.read_video(path)
    expected = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)[None]
    assert frames.shape == (5, *expected.shape[1:])
    assert np.abs(frames.astype(int) - expected).mean() < 5


def grown(content, place, added, outer):
    """Put bytes at ``place`` of an MP4, the boxes ``outer`` around it growing with them."""
    content = bytearray(content)
    for kind in outer:
        begin = content.rindex(kind, 0, place) - 4
        size = struct.unpack_from(">I", content, begin)[0] + len(added)
        struct.pack_into(">I", content, begin, size)
    content[place:place] = added
    return content


def hide(path, left, top, right, bottom, width=96, height=64):
    """Ask players to hide borders of a picture, as QuickTime does."""
    size = width - left - right, 1, height - top - bottom, 1
    middle = left - right, 2, top - bottom, 2
    clap = struct.pack(">I4s8i", 40, b"clap", *size, *middle)
    content = path.read_bytes()
    outer = [b"avc1", b"stsd", b"stbl", b"minf", b"mdia", b"trak", b"moov"]
    path.write_bytes(grown(content, content.index(b"avcC") - 4, clap, outer))


@pytest.mark.parametrize("borders", [(32, 0, 0, 0), (0, 8, 0, 24), (10, 6, 4, 2)])
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_borders_that_quicktime_hides_are_hidden(tmp_path, suffix, borders):
    path = write(tmp_path / f"a{suffix}", moving(25))
    whole = media.read_video(path)
    left, top, right, bottom = borders
    hide(path, *borders)
    shown = whole[:, top : 64 - bottom, left : 96 - right]
    assert np.array_equal(media.read_video(path), shown)
    set_matrix(path, 0, 1, -1, 0)
    assert np.array_equal(media.read_video(path), carried_out(shown, 0, 1, -1, 0))


def test_borders_are_hidden_of_pixels_that_are_not_square(tmp_path):
    path = write(tmp_path / "a.mp4", moving(25), aspect=Fraction(4, 3))
    whole = media.read_video(path)
    hide(path, 12, 4, 30, 0)
    assert np.array_equal(media.read_video(path), whole[:, 4:, 16 : 128 - 40])


def test_borders_that_matroska_hides_are_hidden(tmp_path):
    path = write(tmp_path / "a.mkv", moving(25), clicks(1))
    whole = media.read_video(path)
    # The element Video (E0) ends with its size's unit; another of no account follows it.
    video = b"\xe0\x8a\xb0\x81\x60\xba\x81\x40\x54\xb2\x81\x04\x55\xee\x81\x00"
    content = path.read_bytes()
    assert content.count(video) == 1
    left_32, below_16 = b"\x54\xcc\x81\x20", b"\x54\xaa\x81\x10"
    hidden = b"\xe0\x8e" + video[2:8] + left_32 + below_16
    path.write_bytes(content.replace(video, hidden))
    assert np.array_equal(media.read_video(path), whole[:, :48, 32:])


def test_borders_that_leave_nothing_are_refused_by_name(tmp_path):
    path = write(tmp_path / "a.mp4", moving(25))
    hide(path, 60, 0, 40, 0)
    with pytest.raises(InputError, match=r"a\.mp4: says that of 96x64 pixels .* left 60, top 0"):
        media.read_video(path)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
@pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(64, 45), Fraction(8, 9)])
def test_pixels_that_are_not_square_are_made_so(tmp_path, suffix, aspect):
    path = write(tmp_path / f"a{suffix}", corner(120, 96), clicks(0.5), aspect=aspect)
    frames = media.read_video(path)
    height = 120 if aspect > 1 else round(120 / aspect)
    width = round(96 * aspect) if aspect > 1 else 96
    assert frames.shape[1:3] == (height, width)
    expected = corner(height, width, len(frames))
    assert np.abs(frames.astype(int) - expected).mean() < 5


def test_a_shape_of_pixels_that_no_format_has_is_refused_by_name(tmp_path):
    path = write(tmp_path / "a.mkv", corner(), aspect=Fraction(50, 1))
    with pytest.raises(InputError, match=r"a\.mkv: says that its pixels are 50 times as wide"):
        media.read_video(path)


def joined(folder, *parts):
    path = folder / "joined.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def test_frames_of_another_size_keep_their_shape_in_the_first_size(tmp_path):
    first = write(tmp_path / "first.ts", corner(64, 96, 50), clicks(2))
    narrow = write(tmp_path / "narrow.ts", corner(128, 96, 50), clicks(2))
    path = joined(tmp_path, first, narrow)
    frames = media.read_video(path)
    assert frames.shape[1:] == (64, 96, 3) and len(frames) == pytest.approx(100, abs=2)
    expected = np.zeros((64, 96, 3), np.uint8)
    expected[:, 24:72] = corner(64, 48, 1)[0]
    assert np.abs(frames[80].astype(int) - expected).mean() < 5
    assert np.array_equal(media.read_video(path, 3.0, 3.5), frames[75:87])


def tone(channels, seconds, rate):
    wave = 0.5 * np.sin(np.arange(seconds * rate) * 2 * np.pi * 440 / rate)
    return np.repeat(wave[None], channels, axis=0)


@pytest.mark.parametrize("second", [(2, 48_000), (6, 48_000), (1, 44_100)])
def test_channels_and_rate_may_change_within_a_file(tmp_path, second):
    parts = [
        write(tmp_path / f"{number}.ts", None, tone(channels, 2, rate), rate=rate)
        for number, (channels, rate) in enumerate([(1, 48_000), second, (1, 48_000)])
    ]
    audio = media.read_audio(joined(tmp_path, *parts))
    assert len(audio) == pytest.approx(6 * 16_000, abs=3_000)
    for begin in (8_000, 42_000, 75_000):
        heard = audio[begin : begin + 8_000]
        spectrum = np.abs(np.fft.rfft(heard * np.hanning(8_000)))
        # The channel for low frequencies of 5.1 does not carry the tone.
        assert spectrum.argmax() == 220 and heard.std() == pytest.approx(0.354, rel=0.2)
    part = media.read_audio(tmp_path / "joined.ts", 2.5, 3.5)
    assert np.abs(part - audio[40_000:56_000]).max() < 2e-3


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 7, 8, 9, 16])
@pytest.mark.parametrize("form", ["wav", "flac"])
def test_any_number_of_channels_is_heard(tmp_path, form, channels):
    if form == "flac" and channels > 8:
        pytest.skip("FLAC has eight channels at most")
    path = tmp_path / f"a.{form}"
    wave = tone(channels, 1, 44_100)
    wave[0] = 0
    soundfile.write(path, wave.T, 44_100)
    heard = media.read_recording(path)
    expected = 0.354 * (channels - 1) / channels
    assert heard.samples.std() == pytest.approx(expected, abs=1e-3)
    assert heard.kept_power == pytest.approx(1 if channels == 1 else 1 - 1 / channels, abs=1e-3)
    # A part that begins between two samples of the file's: silence is put before it.
    part = media.read_audio(path, 0.333, 0.7)
    assert np.abs(part - heard.samples[5_328:11_200]).max() < 2e-3


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_track_flagged_default_is_taken(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    with av.open(str(path), "w") as container:
        packets, streams = [], []
        for level in (40, 200):
            stream = container.add_stream("libx264", rate=25)
            stream.height = stream.width = 64
            stream.pix_fmt = "yuv420p"
            streams.append(stream)
            for _ in range(25):
                frame = np.full((64, 64, 3), level, np.uint8)
                packets += stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24"))
            packets += stream.encode(None)
        for loud in (0, 1):
            packets += encode(container, "aac", loud * tone(1, 1, 48_000), 48_000)
        for number, stream in enumerate(container.streams):
            stream.disposition = Disposition.default if number % 2 else Disposition(0)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            container.mux(packet)
    assert media.read_video(path).mean() == pytest.approx(200, abs=5)
    assert media.read_audio(path)[4_000:12_000].std() == pytest.approx(0.354, rel=0.1)


def test_a_cover_is_no_video(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        audio = encode(container, "aac", tone(1, 1, 48_000), 48_000)
        cover = container.add_stream("mjpeg", rate=25)
        cover.height, cover.width, cover.pix_fmt = 64, 96, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        frame = av.VideoFrame.from_ndarray(corner(count=1)[0], "rgb24")
        pictures = [*cover.encode(frame), *cover.encode(None)]
        for packet in [*pictures, *audio]:
            container.mux(packet)
    assert media.read_audio(path)[4_000:12_000].std() == pytest.approx(0.354, rel=0.1)
    with pytest.raises(InputError, match="no video track"):
        media.read_video(path)


def test_channels_that_cancel_are_measured_and_named(tmp_path, caplog):
    wave = tone(1, 1, 48_000)[0]
    against = write(tmp_path / "against.mov", moving(25), np.stack([wave, -wave]))
    apart = write(tmp_path / "apart.mov", moving(25), np.stack([wave, 0 * wave]))
    same = write(tmp_path / "same.mov", moving(25), np.stack([wave, wave]))
    powers = [media.read_recording(path).kept_power for path in (against, apart, same)]
    assert powers == pytest.approx([0, 0.5, 1], abs=1e-3)
    with caplog.at_level(logging.WARNING):
        for path in (apart, same):
            media.read_audio(path)
        assert not caplog.messages
        media.read_audio(against)
    assert "against.mov: its channels cancel each other" in caplog.messages[0]
