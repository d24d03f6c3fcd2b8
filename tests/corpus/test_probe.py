import io
from pathlib import Path

import av
import numpy as np
import pytest
from trees import video_bytes, write_video
from videos import write_mp4

from mavsr.corpus.probe import probe
from mavsr.corpus.scan import read_corpus
from mavsr.errors import InputError
from mavsr.media import stated_bytes

GREY = np.full((25, 32, 32, 3), 99, np.uint8)
NOISE = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)


def remux(source: bytes, path: Path, form: str, **options: str) -> Path:
    """The tracks of a file in another container."""
    with (
        av.open(io.BytesIO(source)) as given,
        av.open(str(path), "w", format=form, options=options) as made,
    ):
        streams = {s.index: made.add_stream_from_template(s) for s in given.streams}
        for packet in given.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                made.mux(packet)
    return path


def source_for(form: str) -> bytes:
    """Three seconds; H.264 would need another layout of its packets in AVI."""
    return video_bytes(3.0, ".avi" if form == "avi" else ".mp4")


CONTAINERS = [
    ("plain.mp4", "mp4", {}),
    ("fragmented.mp4", "mp4", {"movflags": "frag_keyframe+empty_moov"}),
    ("plain.mkv", "matroska", {}),
    # What a browser's recorder writes: no length, and sizes unknown.
    ("live.mkv", "matroska", {"live": "1"}),
    ("plain.ts", "mpegts", {}),
    ("plain.m2ts", "mpegts", {"mpegts_m2ts_mode": "1"}),
    ("plain.avi", "avi", {}),
    ("plain.flv", "flv", {}),
    ("plain.3gp", "3gp", {}),
]


@pytest.mark.parametrize(("name", "form", "options"), CONTAINERS, ids=lambda v: str(v))
def test_every_container_is_as_long_as_its_video(tmp_path, name, form, options):
    found = probe(remux(source_for(form), tmp_path / name, form, **options))
    # Time stamps of B-frames may begin a frame or two late.
    assert found.seconds == pytest.approx(3.0, abs=0.09)
    assert found.audio


@pytest.mark.parametrize("claimed", [0.5, 90.0])
def test_a_wrong_stated_length_is_not_believed(tmp_path, claimed):
    path = remux(video_bytes(3.0), tmp_path / "wrong.mkv", "matroska")
    content = bytearray(path.read_bytes())
    # Element Duration (0x4489) of 8 bytes; its unit is a millisecond.
    place = content.index(b"\x44\x89\x88") + 3
    content[place : place + 8] = np.array(1000 * claimed, ">f8").tobytes()
    path.write_bytes(content)
    with av.open(str(path)) as container:
        assert container.duration == pytest.approx(claimed * av.time_base)
    assert probe(path).seconds == pytest.approx(3.0, abs=0.09)


@pytest.mark.parametrize(
    ("name", "form", "flags"),
    [
        ("a.mp4", "mp4", ""),
        ("a.mov", "mov", "faststart"),
        ("a.mp4", "mp4", "frag_keyframe+empty_moov"),
        ("a.mkv", "matroska", ""),
        ("a.avi", "avi", ""),
    ],
)
def test_a_file_that_was_cut_off_is_incomplete(tmp_path, name, form, flags):
    options = {"movflags": flags} if flags else {}
    path = remux(source_for(form), tmp_path / name, form, **options)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(InputError, match=f"{name} is incomplete: by its headers it has .* bytes"):
        probe(path)


def test_tracks_are_looked_for(tmp_path):
    silent = write_mp4(tmp_path / "silent.mp4", GREY)
    assert not probe(silent).audio
    write_mp4(tmp_path / "blind.mp4", None, NOISE)
    with pytest.raises(InputError, match=r"blind\.mp4: no video track"):
        probe(tmp_path / "blind.mp4")
    (tmp_path / "empty.mp4").write_bytes(b"")
    with pytest.raises(InputError, match=r"empty\.mp4: cannot be read as a video"):
        probe(tmp_path / "empty.mp4")
    with pytest.raises(InputError, match=r"gone\.mp4 is missing"):
        probe(tmp_path / "gone.mp4")


def test_a_changed_file_is_looked_into_again(tmp_path):
    path = write_video(tmp_path / "a.mp4", 1.0)
    assert probe(path).seconds == pytest.approx(1.0, abs=0.05)
    write_video(path, 2.0)
    assert probe(path).seconds == pytest.approx(2.0, abs=0.05)


def test_headers_that_state_no_size(tmp_path):
    def stated(head):
        (tmp_path / "head").write_bytes(head)
        return stated_bytes(tmp_path / "head")

    assert stated(b"") == stated(b"\0\0\0\x20ftyp") == 0
    # A box that goes on to the file's end, whatever that is, and one with a size of 64 bits.
    assert stated(b"\0\0\0\x08ftyp\0\0\0\0mdat") == 0
    assert stated(b"\0\0\0\x08wide\0\0\0\1mdat" + (1 << 33).to_bytes(8, "big")) == 8 + (1 << 33)
    # What follows the last box that matters is of no account, nor is what is no box.
    assert stated(b"\0\0\0\x08ftyp\0\0\0\x08moov\0\0\xff\0free") == 16
    # EBML header of no content, then a segment of unknown size.
    assert stated(b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01" + 7 * b"\xff") == 0
    assert stated(b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x85") == 10 + 5


def test_clips_without_audio_are_lost_unless_it_is_optional(tmp_path):
    for speaker in range(4):
        write_video(tmp_path / f"s{speaker}" / "a.mp4").with_suffix(".txt").write_text("hello")
    write_mp4(tmp_path / "s0" / "a.mp4", GREY)
    lost = [c for c in read_corpus(tmp_path, {"kind": "folder"}, 0) if c.problem]
    assert [clip.key for clip in lost] == ["s0-a"]
    assert lost[0].problem.endswith("s0/a.mp4: no audio track, or an empty one")
    assert lost[0].split
    clips = read_corpus(tmp_path, {"kind": "folder"}, 0, "optional")
    assert not [clip for clip in clips if clip.problem]
