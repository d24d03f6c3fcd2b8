"""Subtitles: pieces that can be read, in every format, beside the video, in it, and as a track."""

import json
from itertools import pairwise

import av
import numpy as np
import pytest
from videos import write_mp4

from mavsr.errors import InputError
from mavsr.media import read_audio, read_video
from mavsr.recognition.cues import LINE, Cue, cues
from mavsr.recognition.formats import FORMATS, as_table
from mavsr.recognition.segment import Reading, Segment
from mavsr.recognition.show import differences
from mavsr.recognition.subtitled import burn, mux
from mavsr.recognition.transcript import Transcript

LONG = " ".join(f"word{n}" for n in range(40))


def segment(start, end, *texts):
    readings = {
        f"a{4 * 2**n}": Reading(
            text, 0.5 + n / 10, 20 - n, 0.25, 0.5, (0.5,) * len(text.split()), f"a{4 * 2**n}"
        )
        for n, text in enumerate(texts)
    }
    return Segment(start, end, readings, seen=False, remarks=("not seen: no face",))


SEGMENTS = [segment(0.2, 0.9, "one <two> & three", "one too"), segment(3661.5, 3671.5, LONG, "")]


def test_long_texts_become_pieces_that_share_the_time_by_their_letters():
    found = cues(SEGMENTS, "a4")
    assert (found[0].start, found[0].text) == (0.2, "one <two> & three")
    assert found[0].end == pytest.approx(0.9)
    pieces = found[1:]
    assert len(pieces) >= 3
    assert pieces[0].start == 3661.5 and pieces[-1].end == pytest.approx(3671.5)
    assert " ".join(" ".join(piece.text.split("\n")) for piece in pieces) == LONG
    for piece, after in pairwise(pieces):
        assert piece.end == after.start
    for piece in pieces:
        lines = piece.text.split("\n")
        assert len(lines) <= 2 and max(map(len, lines)) <= LINE
        assert piece.end - piece.start > 1, "it flashes by"
    assert [cue.text for cue in cues(SEGMENTS, "a8")] == ["one too"]


@pytest.mark.parametrize("letters", [43, 84, 85, 200])
def test_a_word_longer_than_a_line_is_divided(letters):
    found = cues([segment(0.0, 9.0, f"so {'x' * letters} it is")], "a4")
    lines = [line for cue in found for line in cue.text.split("\n")]
    assert "".join(lines).replace(" ", "") == f"so{'x' * letters}itis"
    assert max(map(len, lines)) <= LINE
    assert all(len(cue.text.split("\n")) <= 2 for cue in found)


def test_every_format_says_what_is_known():
    made = {name: form(SEGMENTS, ["a4", "a8"], {"file": "x.mp4"}) for name, form in FORMATS.items()}
    assert FORMATS["text"](SEGMENTS, ["a4"], {}) == f"one <two> & three\n{LONG}\n"
    assert made["srt"].startswith("1\n00:00:00,200 --> 00:00:00,900\none <two> & three\n\n2\n")
    assert "01:01:01,500 --> " in made["srt"]
    assert made["vtt"].startswith(
        "WEBVTT\n\n00:00:00.200 --> 00:00:00.900\none &lt;two&gt; &amp; three\n\n01:01:01.500 --> "
    )
    content = json.loads(made["json"])
    assert content["file"] == "x.mp4"
    assert content["scales"]["a4"] == {"tokens": 40, "tflops": 0.5, "seconds": 1.0}
    first = content["segments"][0]
    assert (first["start"], first["end"], first["seen"]) == (0.2, 0.9, False)
    assert first["scales"]["a8"] == {
        "text": "one too", "scale": "a8", "confidence": 0.6, "tokens": 19, "tflops": 0.25,
        "seconds": 0.5,
        "words": [{"word": "one", "confidence": 0.5}, {"word": "too", "confidence": 0.5}],
    }  # fmt: skip
    assert Segment.from_dict(first) == SEGMENTS[0]


def test_the_text_of_several_rates_is_a_table_wherever_it_goes():
    assert FORMATS["text"](SEGMENTS, ["a4", "a8"], {}) == as_table(SEGMENTS, ["a4", "a8"], {})


def test_an_utterance_is_a_line_whatever_an_llm_writes():
    read = [segment(0.0, 1.0, "so\nit\u2028 is")]
    assert FORMATS["text"](read, ["a4"], {}) == "so it is\n"
    assert as_table(read, ["a4"], {}).count("\n") == 5


def test_a_transcript_is_its_text_and_shows_itself():
    found = Transcript(SEGMENTS, ["a8", "a4"])
    assert found == "one too" and found.at("a4") == f"one <two> & three {LONG}"
    assert found.at("a4").scales == ("a4", "a8")
    assert found.costs()["a8"]["tokens"] == 38
    html = found._repr_html_()
    assert "<mark>&lt;two&gt;</mark>" in html and "<two>" not in html
    assert differences("a b c", "a c") == [("a", False), ("b", True), ("c", False)]


@pytest.mark.parametrize(
    ("tflops", "unit", "shown"),
    [(1243.0, "TFLOPs", ["1,240", "2,490"]), (3.87e-3, "GFLOPs", ["3.87", "7.74"])],
)
def test_costs_are_plain_numbers_whatever_the_llm(tflops, unit, shown):
    """Of the papers' LLMs they had exponents, of small ones too."""
    parts = [
        Segment(place, place + 1.0, {"a4": Reading("so", 0.5, 20, tflops, 0.5, (0.5,), "a4")})
        for place in (0.0, 1.0)
    ]
    lines = [line.split() for line in as_table(parts, ["a4"], {}).splitlines()]
    assert lines[0][2] == unit
    assert [line[2] for line in lines if line[0] == "a4"] == [shown[0], *shown]
    html = Transcript(parts, ["a4"])._repr_html_()
    assert f"<th>{unit}</th>" in html and f"<td>{shown[1]}</td>" in html


@pytest.fixture
def video(tmp_path, portrait):
    sound = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    return write_mp4(tmp_path / "talk.mp4", portrait, sound)


SHOWN = [Cue(0.4, 0.8, "set red <now>\nplease"), Cue(1.2, 1.6, "again")]


def packets_of(path):
    with av.open(str(path)) as container:
        tracks = container.streams.video[0], container.streams.audio[0]
        found = {track.type: [] for track in tracks}
        for packet in container.demux(tracks):
            found[packet.stream.type].append(bytes(packet))
    return found


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_a_track_of_subtitles_beside_untouched_picture_and_audio(video, tmp_path, suffix):
    output = tmp_path / f"muxed{suffix}"
    mux(video, SHOWN, output)
    assert packets_of(output) == packets_of(video)
    with av.open(str(output)) as container:
        assert len(container.streams.subtitles) == 1
        packets = [bytes(p) for p in container.demux(container.streams.subtitles[0])]
        texts = [p[2:] if suffix != ".mkv" else p for p in packets]
        assert [text for text in texts if text] == [cue.text.encode() for cue in SHOWN]
        shift = float(container.streams.video[0].start_time * container.streams.video[0].time_base)
        container.seek(0)
        times = [
            float(p.pts * p.time_base)
            for p in container.demux(container.streams.subtitles[0])
            if p.pts is not None and len(bytes(p)) > 2
        ]
    assert times == pytest.approx([shift + 0.4, shift + 1.2], abs=0.05)


def test_subtitles_in_the_picture_stand_at_their_time_and_place(video, tmp_path):
    output = tmp_path / "burnt.mp4"
    burn(video, SHOWN, output)
    before, after = read_video(video).astype(int), read_video(output).astype(int)
    assert after.shape == before.shape
    assert len(read_audio(output)) == pytest.approx(32_000, abs=3000)
    changed = np.abs(after - before).max(axis=(2, 3)) > 120
    shown = changed[:, 150:].any(axis=1)
    assert shown[12:18].all() and shown[32:38].all()
    assert not shown[:9].any() and not shown[22:28].any() and not shown[42:].any()
    assert not changed[:, :150].any()


@pytest.mark.parametrize(("text", "said"), [("你好 world", True), ("добрый день, γεια", False)])
def test_letters_that_the_font_lacks_are_said(video, tmp_path, caplog, text, said):
    burn(video, [Cue(0.4, 0.8, text)], tmp_path / "burnt.mp4")
    assert ("has no 你, so boxes stand for 2 of their letters; give --mux" in caplog.text) == said


def test_other_containers_are_refused_before_anything_is_written(video, tmp_path):
    for write in (burn, mux):
        with pytest.raises(InputError, match=r"\.mp4, \.m4v, \.mov, \.mkv"):
            write(video, SHOWN, tmp_path / "talk.avi")
    assert [path.name for path in tmp_path.iterdir()] == ["talk.mp4"]
