"""Lengths are measured where a file states none, or a wrong one."""

import struct

import numpy as np
import pytest
from odd_videos import clicks, moving, write

from mavsr import media
from mavsr.corpus.clips import duration
from mavsr.errors import InputError
from mavsr.media import measure_length

STATED = bytes.fromhex("448988")  # Matroska's element Duration: 8 bytes of floating point, in ms


def state(path, seconds):
    """Let a Matroska file say that it lasts ``seconds``."""
    content = bytearray(path.read_bytes())
    place = content.index(STATED) + len(STATED)
    content[place : place + 8] = struct.pack(">d", 1000 * seconds)
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["a.webm", "a.mkv"])
@pytest.mark.parametrize("seconds", [1.5, 30.0])
def test_a_wrong_length_is_measured(tmp_path, name, seconds):
    path = write(tmp_path / name, moving(150), clicks(6), gop=50)
    right = measure_length(path)
    assert right == pytest.approx(6, abs=0.1)
    state(path, seconds)
    assert measure_length(path) == pytest.approx(right, abs=0.05)


@pytest.mark.parametrize(
    "name, options",
    [
        ("a.webm", {"live": "1"}),
        ("a.ts", {}),
        ("a.mpg", {}),
        ("a.flv", {"flvflags": "no_duration_filesize"}),
        ("a.mp4", {"movflags": "frag_keyframe+empty_moov+skip_trailer"}),
    ],
)
def test_a_length_that_is_not_stated_is_measured(tmp_path, name, options):
    path = write(tmp_path / name, moving(150), clicks(6), options=options)
    assert measure_length(path) == pytest.approx(6, abs=0.1)


def test_streams_put_together_are_as_long_as_both(tmp_path):
    once = write(tmp_path / "once.ts", moving(150), clicks(6))
    twice = tmp_path / "twice.ts"
    twice.write_bytes(2 * once.read_bytes())
    assert measure_length(twice) == pytest.approx(12, abs=0.1)


def test_audio_of_which_the_length_would_be_guessed(tmp_path):
    silence = np.zeros((1, 4 * 48_000))
    loud = np.concatenate([clicks(2), silence], axis=1)
    path = write(tmp_path / "a.aac", None, loud)
    assert measure_length(path) == pytest.approx(6, abs=0.05)


@pytest.mark.parametrize("name, options", [("a.mkv", {}), ("a.mp4", {"movflags": "faststart"})])
def test_a_file_that_is_cut_off_has_the_length_it_should_have(tmp_path, name, options):
    path = write(tmp_path / name, moving(150), clicks(6), options=options)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert measure_length(path) == pytest.approx(6, abs=0.1)


def test_a_stream_without_time_stamps_has_the_length_of_its_frames(tmp_path):
    path = write(tmp_path / "a.h264", moving(50))
    assert measure_length(path) == pytest.approx(2) and len(media.read_video(path)) == 50


def test_missing_and_empty_files_are_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.mp4 is missing"):
        duration(tmp_path / "none.mp4")
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")
    with pytest.raises(InputError, match=r"empty\.mp4.* cannot be read"):
        duration(empty)
