"""Long recordings: every utterance in its place, by the face that speaks, in bounded memory."""

import json
import re
from itertools import pairwise

import numpy as np
import pytest
import soundfile
from videos import write_mp4

import mavsr
from mavsr import cli
from mavsr.media import FRAME_RATE, decode_video, read_audio, read_video
from mavsr.mouths.clip import CropSettings
from mavsr.recognition import stream as stream_module
from mavsr.recognition.part import read_part
from mavsr.recognition.spans import Span, plan_spans
from mavsr.toy.portrait.settings import PortraitSettings
from mavsr.toy.portrait.talk import turns

LONGEST = 3.0
"""Of the tiny models' audio encoder."""


@pytest.fixture
def written(train, talk, tmp_path, caplog):
    """Call the command for a talk; return what it wrote."""

    def call(form, *options, model=None, name="out"):
        output = tmp_path / f"{name}.{form}"
        model = model or train()
        given = ("--format", form, "--output", str(output), *options)
        scale = () if "--budget" in options or "--realtime" in options else ("--scale", "all")
        cli.main(["transcribe", str(model), str(talk[0]), *scale, *given])
        return output.read_text()

    return call


def seconds(stamp):
    hours, minutes, rest = stamp.replace(",", ".").split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(rest)


def test_utterances_are_found_to_a_fifth_of_a_second(talk):
    path, lines = talk
    spans = plan_spans(path, ("audio",), LONGEST).spans
    assert len(spans) == len(lines) >= 4
    for span, line in zip(spans, lines, strict=True):
        assert abs(span.start - line.start) < 0.2
        assert abs(span.end - line.end) < 0.2
        assert span.cut_start <= span.start and span.cut_end <= span.cut_start + LONGEST


def test_utterances_are_found_at_another_scale(talk, tmp_path):
    sound = read_audio(talk[0])
    spans = []
    for name, scale in (("plain", 1.0), ("odd", 32_768.0)):
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, scale * sound / np.abs(sound).max(), 16_000, subtype="FLOAT")
        spans.append(plan_spans(path, ("audio",), LONGEST).spans)
    assert spans[0] == spans[1] and len(spans[0]) == len(talk[1])


def test_long_speech_is_cut_below_the_encoders_length(talk, tmp_path):
    path, _ = talk
    sound = read_audio(path)
    spoken = [
        sound[int(s.start * 16000) : int(s.end * 16000)]
        for s in plan_spans(path, ("audio",), LONGEST).spans
    ]
    write_mp4(tmp_path / "fast.mp4", sound=np.concatenate(spoken))
    spans = plan_spans(tmp_path / "fast.mp4", ("audio",), 2.0).spans
    assert len(spans) > len(spoken)
    assert all(span.cut_end - span.cut_start <= 2.0 + 1e-6 for span in spans)
    assert all(a.cut_end <= b.cut_start + 1e-6 for a, b in pairwise(spans))


@pytest.mark.parametrize("shot", ["left", "right"])
def test_the_face_that_speaks_is_looked_at(tmp_path, shot):
    turn = next(turn for turn in turns(PortraitSettings(), 120, seed=5) if turn.shot == shot)
    frames = np.stack([*turn.frames(PortraitSettings())])

    def crops(name, part, people):
        path = write_mp4(tmp_path / f"{name}.mp4", np.ascontiguousarray(part), turn.script.audio)
        span = Span(0, 2, 0, len(part) / FRAME_RATE)
        found = read_part(path, span, ("audio", "video"), CropSettings())
        assert found.people == people
        return decode_video(found.fields["mkv"]).astype(int)

    both = crops("both", frames, 2)
    halves = {
        "left": crops("left", frames[:, :, :224], 1),
        "right": crops("right", frames[:, :, 224:], 1),
    }
    other = {"left": "right", "right": "left"}[shot]
    apart = {name: np.abs(both - half).mean() for name, half in halves.items()}
    assert apart[shot] < 0.7 * apart[other]


def test_a_part_of_one_face_is_what_the_stage_makes_of_it(train, place):
    model = mavsr.load(train())
    end = 30 / FRAME_RATE
    part = read_part(
        place / "three.mp4", Span(0.2, 0.8, 0.0, end), ("audio", "video"), model.setup.crops
    )
    stage = model.read(place / "three.mp4", 0.0, end)
    assert part.fields == {name: stage[name] for name in ("mkv", "flac")}


def test_all_scales_come_from_one_pass(written, talk, monkeypatch):
    read = []
    original = stream_module.read_part
    monkeypatch.setattr(
        stream_module, "read_part", lambda *given: read.append(given[1]) or original(*given)
    )
    content = json.loads(written("json"))
    assert len(read) == len(content["segments"]) == len(talk[1])
    scales = ["a2_v1", "a4_v1", "a2_v3", "a4_v3"]
    assert list(content["scales"]) == scales
    for segment, line in zip(content["segments"], talk[1], strict=True):
        assert list(segment["scales"]) == scales
        assert segment["seen"] == (line.shot != "slide") and segment["heard"]
        assert segment["people"] == {"alone": 1, "slide": 0}.get(line.shot, 2)
        costs = [segment["scales"][scale]["tokens"] for scale in scales]
        assert costs == sorted(costs, reverse=True) and costs[0] > costs[-1]
        for scale, read in segment["scales"].items():
            assert read["scale"] == scale and 0 <= read["confidence"] <= 1
            assert [word["word"] for word in read["words"]] == read["text"].split()
            assert all(0 <= word["confidence"] <= 1 for word in read["words"])


def test_a_text_in_a_talk_is_that_of_its_part_alone(train, talk):
    model = mavsr.load(train())
    path, lines = talk
    found = model.transcribe(path, (2, 1))
    assert len(found.segments) == len(lines)
    spans = model.plan(path).spans
    for number, line in enumerate(lines):
        if line.shot == "alone":
            span, segment = spans[number], found.segments[number]
            part = model.transcribe(path, (2, 1), start=span.cut_start, end=span.cut_end)
            assert part == segment.readings["a2_v1"].text
            break
    else:
        raise AssertionError("no line is spoken by one face alone; choose another seed")
    assert found == " ".join(s.readings["a2_v1"].text for s in found.segments)


def test_subtitles_stand_at_the_utterances(written, talk):
    srt = written("srt")
    starts = [seconds(stamp) for stamp in re.findall(r"^(\S+) -->", srt, re.M)]
    for line in talk[1]:
        assert min(abs(start - line.start) for start in starts) < 0.2
    assert srt.startswith("1\n00:00:0")
    vtt = written("vtt")
    assert vtt.startswith("WEBVTT\n\n00:00:0") and "-->" in vtt


def test_a_stopped_call_goes_on(train, talk, tmp_path, monkeypatch, caplog, capsys):
    caplog.set_level("INFO")
    model = train()
    whole = tmp_path / "whole.json"
    given = ["transcribe", str(model), str(talk[0]), "--scale", "2,1", "--format", "json"]
    cli.main([*given, "--output", str(whole)])
    monkeypatch.setattr(stream_module, "TOGETHER", 2)
    original = stream_module.read_part
    read = []

    def stop(file, span, *rest):
        if len(read) == 3:
            raise KeyboardInterrupt
        read.append(span.key)
        return original(file, span, *rest)

    monkeypatch.setattr(stream_module, "read_part", stop)
    stopped = tmp_path / "stopped.json"
    with pytest.raises(SystemExit) as ended:
        cli.main([*given, "--output", str(stopped)])
    assert ended.value.code == 130 and not stopped.exists()
    told = capsys.readouterr().err
    assert told.endswith("interrupted; the same call goes on with talk.mp4 where it was\n")
    again = []
    monkeypatch.setattr(
        stream_module, "read_part", lambda *g: again.append(g[1].key) or original(*g)
    )
    cli.main([*given, "--output", str(stopped)])
    assert len(again) == len(talk[1]) - 2
    assert f"2 of {len(talk[1])} utterances were done before" in caplog.text
    texts = [
        [s["scales"]["a2_v1"]["text"] for s in json.loads(path.read_text())["segments"]]
        for path in (whole, stopped)
    ]
    assert texts[0] == texts[1]
    assert not [*tmp_path.glob(".*.resume")]


def test_a_model_that_only_sees_takes_a_long_video_without_audio(train, talk, tmp_path):
    frames = read_video(talk[0])[: 25 * 12]
    silent = write_mp4(tmp_path / "silent.mp4", frames)
    seeing = mavsr.load(train("vsr"))
    spans = plan_spans(silent, ("video",), 5.0).spans
    assert [(s.cut_start, round(s.cut_end, 2)) for s in spans] == [(0, 4), (4, 8), (8, 12)]
    parts = [*seeing.segments(silent, spans, seeing.chosen("all"))]
    assert all(not part.heard for part in parts) and any(part.seen for part in parts)
    for part in parts:
        assert bool(part.readings["v1"].text) == part.seen


def test_a_model_that_only_hears_takes_long_audio(train, talk, tmp_path):
    sound = read_audio(talk[0])
    soundfile.write(tmp_path / "talk.wav", sound, 16_000)
    heard = mavsr.load(train("asr")).transcribe(tmp_path / "talk.wav", 2)
    assert len(heard.segments) == len(talk[1])
    assert not any(segment.seen or segment.crops for segment in heard.segments)
