"""Lengths are measured where a file states none, or a wrong one."""

import struct

import numpy as np
import pytest
from odd_videos import clicks, moving, shifted, write

from mavsr import media
from mavsr.corpus.clips import duration
from mavsr.corpus.probe import probe
from mavsr.errors import InputError
from mavsr.media import measure, survey

STATED = bytes.fromhex("448988")  # Matroska's element Duration: 8 bytes of floating point, in ms


def length(path):
    """Seconds to the end of the video or audio, whichever is later."""
    return max(measure(path).ends.values())


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
    right = length(path)
    assert right == pytest.approx(6, abs=0.1)
    state(path, seconds)
    assert length(path) == pytest.approx(right, abs=0.05)


@pytest.mark.parametrize(
    "name, options",
    [
        ("a.webm", {"live": "1"}),
        ("a.ts", {}),
        ("a.mpg", {}),
        ("a.flv", {"flvflags": "no_duration_filesize"}),
        ("a.mp4", {"movflags": "frag_keyframe+empty_moov+skip_trailer"}),
        # The header lists the first fragment, an index the others.
        ("a.mp4", {"movflags": "frag_keyframe+global_sidx"}),
    ],
)
def test_a_length_that_is_not_stated_is_measured(tmp_path, name, options):
    path = write(tmp_path / name, moving(150), clicks(6), options=options, gop=50)
    assert length(path) == pytest.approx(6, abs=0.1)


def test_streams_put_together_are_as_long_as_both(tmp_path):
    once = write(tmp_path / "once.ts", moving(150), clicks(6))
    twice = tmp_path / "twice.ts"
    twice.write_bytes(2 * once.read_bytes())
    assert length(twice) == pytest.approx(12, abs=0.1)


def test_audio_of_which_the_length_would_be_guessed(tmp_path):
    silence = np.zeros((1, 4 * 48_000))
    loud = np.concatenate([clicks(2), silence], axis=1)
    path = write(tmp_path / "a.aac", None, loud)
    assert length(path) == pytest.approx(6, abs=0.05)


@pytest.mark.parametrize("name, options", [("a.mkv", {}), ("a.mp4", {"movflags": "faststart"})])
def test_a_file_that_is_cut_off_has_the_length_it_should_have(tmp_path, name, options):
    path = write(tmp_path / name, moving(150), clicks(6), options=options)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert length(path) == pytest.approx(6, abs=0.1)


def test_a_stream_without_time_stamps_has_the_length_of_its_frames(tmp_path):
    path = write(tmp_path / "a.h264", moving(50))
    assert length(path) == pytest.approx(2) and len(media.read_video(path)) == 50


def test_missing_and_empty_files_are_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.mp4 is missing"):
        duration(tmp_path / "none.mp4")
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")
    with pytest.raises(InputError, match=r"empty\.mp4.* cannot be read"):
        duration(empty)


def test_tracks_that_end_early_are_measured_too(tmp_path):
    longer_audio = write(tmp_path / "a.mkv", moving(50), clicks(6))
    assert measure(longer_audio).ends == pytest.approx({"video": 2, "audio": 6}, abs=0.1)
    longer_video = write(tmp_path / "b.mkv", moving(150), clicks(2))
    assert measure(longer_video).ends == pytest.approx({"video": 6, "audio": 2}, abs=0.1)


def test_a_joined_stream_is_read_through_once_and_its_video_counts(tmp_path, monkeypatch):
    """Both clips have 2 s of video but 6 s of audio; the second's clock begins anew."""
    once = write(tmp_path / "once.ts", moving(50), clicks(6))
    twice = tmp_path / "twice.ts"
    twice.write_bytes(2 * once.read_bytes())
    read = []
    through = survey.read_through
    for module in (survey, media.length):
        monkeypatch.setattr(module, "read_through", lambda file: read.append(file) or through(file))
    ends = measure(twice).ends
    assert ends == pytest.approx({"video": 8, "audio": 12}, abs=0.15)
    assert probe(twice).seconds == ends["video"]
    assert len(read) == 1


@pytest.mark.parametrize("name", ["a.mkv", "a.ts", "a.mp4"])
def test_audio_after_the_video_does_not_count_for_a_corpus(tmp_path, name):
    found = probe(write(tmp_path / name, moving(50), clicks(6)))
    assert found.seconds == pytest.approx(2, abs=0.1) and found.audio


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_what_an_edit_list_hides_does_not_count(tmp_path, suffix):
    whole = write(tmp_path / "whole.mp4", moving(150), clicks(6), gop=250)
    cut = shifted(whole, tmp_path / f"cut{suffix}", -1.4)
    frames = media.read_video(cut)
    assert np.array_equal(frames, media.read_video(whole)[35:])
    ends = measure(cut).ends
    assert ends["video"] == pytest.approx(len(frames) / 25, abs=0.01)
    assert ends["audio"] == pytest.approx(len(media.read_audio(cut)) / 16_000, abs=0.05)


def test_the_end_of_frames_that_are_not_equally_long(tmp_path):
    frames = moving(150)
    # All of the first three seconds, then every fourth; in the list are their times of decoding.
    times = [*range(75), *range(75, 150, 4)]
    path = write(tmp_path / "a.mp4", frames[times], times=times)
    assert measure(path).ends["video"] == pytest.approx(times[-1] / 25, abs=0.17)
    assert measure(path).ends["video"] > times[-1] / 25
