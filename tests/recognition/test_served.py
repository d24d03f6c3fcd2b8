"""What is read where a recording lacks audio or video, by what the model was trained for."""

import numpy as np
import pytest
import soundfile
from videos import write_mp4

import mavsr
from mavsr import cli
from mavsr.errors import InputError
from mavsr.media import read_audio, read_video
from mavsr.model.scales import Scale, all_scales
from mavsr.recognition.served import indispensable, served

OMNI, BOTH = all_scales("omni", [2, 4], [1]), all_scales("avsr", [2, 4], [1])


@pytest.mark.parametrize(
    ("scale", "there", "omni", "both"),
    [
        (Scale(2, 1), ("audio", "video"), Scale(2, 1), Scale(2, 1)),
        (Scale(2, 1), ("audio",), Scale(2), Scale(2, 1)),
        (Scale(2, 1), ("video",), Scale(None, 1), Scale(2, 1)),
        (Scale(2, 1), (), None, None),
        (Scale(2), ("audio", "video"), Scale(2), Scale(2)),
        (Scale(2), ("video",), None, None),
    ],
)
def test_a_model_goes_on_with_what_is_there_if_it_was_trained_to(scale, there, omni, both):
    assert served(scale, there, OMNI) == omni
    assert served(scale, there, [*BOTH, Scale(2)] if scale == Scale(2) else BOTH) == both


def test_what_a_model_cannot_do_without():
    assert indispensable(BOTH, BOTH) == ("audio", "video")
    assert indispensable(OMNI, OMNI) == indispensable([Scale(2, 1)], OMNI) == ()
    assert indispensable([Scale(2)], OMNI) == ("audio",)
    assert indispensable([Scale(None, 1)], OMNI) == ("video",)


@pytest.mark.parametrize(
    ("task", "method", "unseen"), [("omni", "omni-t", "a2"), ("avsr", "mtsk-ss", "a2_v1")]
)
def test_a_part_without_a_face_is_heard(train, talk, task, method, unseen):
    model = mavsr.load(train(task, method=method))
    path, lines = talk
    segments = model.transcribe(path, (2, 1)).segments
    read = [segment.readings["a2_v1"] for segment in segments]
    shots = [line.shot for line in lines]
    assert "slide" in shots
    assert [one.scale for one in read] == [unseen if s == "slide" else "a2_v1" for s in shots]
    number = shots.index("slide")
    assert not segments[number].seen and "not seen" in segments[number].remarks[0]
    if task == "omni":
        span = model.plan(path).spans[number]
        alone = model.transcribe(path, "a2", span.cut_start, span.cut_end)
        assert alone == read[number].text
        assert alone.segments[0].readings["a2"].tokens == read[number].tokens


def test_a_model_of_three_tasks_reads_long_files_that_lack_a_track(train, talk, tmp_path):
    model = mavsr.load(train("omni", method="omni-t"))
    silent = write_mp4(tmp_path / "silent.mp4", read_video(talk[0])[:150])
    sound = read_audio(talk[0])
    soundfile.write(tmp_path / "talk.wav", sound, 16_000)
    mute = write_mp4(tmp_path / "mute.mp4", read_video(talk[0])[:150], 0 * sound[:96_000])
    for file, name, lacking in (
        (silent, "v1", "not heard: no audio track"),
        (mute, "v1", "not heard: the audio is silent throughout"),
        (tmp_path / "talk.wav", "a2", "not seen: no video track"),
    ):
        found = model.transcribe(file)
        decoded = {r.scale for s in found.segments for r in s.readings.values()}
        assert all(scale[0] == name[0] for scale in decoded if scale) and name in decoded
        assert any(lacking in remark for s in found.segments for remark in s.remarks)
        other = {"a2": "v1", "v1": "a2"}[name]
        assert not any(s.readings[other].text or s.readings[other].tokens for s in found.segments)
        assert found.at("a2_v1") == found.at(name)
    with pytest.raises(InputError, match="no video track, which the model needs"):
        model.transcribe(tmp_path / "talk.wav", "v1")


def test_a_model_of_three_tasks_reads_short_files_that_lack_a_modality(
    train, transcribe, place, tmp_path, caplog
):
    model = train("omni", method="omni-t")
    grey = np.full((50, 64, 64, 3), 90, np.uint8)
    write_mp4(place / "faceless.mp4", grey, read_audio(place / "three.mp4")[:32_000])
    for file, name in (("one_silent.mp4", "v1"), ("one.wav", "a2"), ("faceless.mp4", "a2")):
        assert transcribe(model, "2,1", [file]) == transcribe(model, name, [file])
    assert "no face" in caplog.text and "no audio track" in caplog.text
    caplog.clear()
    with pytest.raises(SystemExit):
        cli.main(["transcribe", str(model), str(place / "one.wav"), "--scale", "v1"])
    assert "no video track" in caplog.text


def test_times_are_those_of_what_a_scale_reads(train, place, tmp_path):
    model = str(train("omni", method="omni-t"))
    table = tmp_path / "times.csv"
    few = ["--warmup", "0", "--repeats", "1", "--output", str(table)]
    cli.main(["time", model, str(place / "one.wav"), "--scale", "a2", *few])
    assert ",a2," in table.read_text()
    with pytest.raises(SystemExit):
        cli.main(["time", model, str(place / "one.wav"), *few])
