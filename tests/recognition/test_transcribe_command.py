"""`mavsr transcribe`: which scales, where texts go, and what is refused."""

import json

import av
import numpy as np
import pytest
import soundfile
from videos import write_mp4

import mavsr
from mavsr import cli
from mavsr.recognition.recogniser import Recogniser


@pytest.mark.parametrize(
    ("option", "scales"),
    [
        (("--budget", "1gflops"), ["a2_v1"]),
        (("--realtime",), None),
        (("--scale", "4,3"), ["a4_v3"]),
    ],
)
def test_one_scale_may_be_chosen_by_its_cost(train, talk, tmp_path, option, scales):
    output = tmp_path / "out.json"
    given = ["transcribe", str(train()), str(talk[0]), *option, "--end", "6"]
    cli.main([*given, "--format", "json", "--output", str(output)])
    content = json.loads(output.read_text())
    assert len(content["scales"]) == 1 and list(content["scales"]) == (
        scales or [*content["scales"]]
    )
    assert all(len(segment["scales"]) == 1 for segment in content["segments"])


def test_a_budget_below_every_scale_is_refused(train, talk, capsys):
    with pytest.raises(SystemExit):
        cli.main(["transcribe", str(train()), str(talk[0]), "--budget", "0.001mflops"])
    assert "cost this model's LLM at least" in capsys.readouterr().err


def test_every_rate_is_printed_side_by_side(train, place, talk, capsys):
    model = train()
    capsys.readouterr()
    cli.main(["transcribe", str(model), str(place / "one.mp4"), "--scale", "all"])
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == str(place / "one.mp4")
    assert shown[1].split() == ["scale", "tokens", "MFLOPs", "seconds", "text"]
    read = mavsr.load(model).transcribe(place / "one.mp4")
    for line, scale in zip(shown[3:7], read.scales, strict=True):
        name, tokens, *_ = line.split()
        assert (name, int(tokens)) == (scale, read.segments[0].readings[scale].tokens)
        assert " ".join(line.split()).endswith(" ".join(read.at(scale).split()))


def test_several_files_go_to_a_folder_and_the_video_gets_its_subtitles(
    train, place, talk, tmp_path
):
    model, folder = str(train()), tmp_path / "texts"
    files = [str(place / f"{name}.mp4") for name in ("one", "three")]
    cli.main(["transcribe", model, *files, "--scale", "2,1", "--output", str(folder)])
    assert sorted(path.name for path in folder.iterdir()) == ["one.txt", "three.txt"]
    text = mavsr.load(model).transcribe(place / "one.mp4", (2, 1))
    assert (folder / "one.txt").read_text() == f"{text}\n"
    output = tmp_path / "muxed.mkv"
    cli.main(
        ["transcribe", model, str(talk[0]), "--scale", "2,1", "--end", "6", "--mux", str(output)]
    )
    with av.open(str(output)) as container:
        assert container.streams.subtitles and container.streams.audio


def test_what_would_be_written_over_is_refused(train, talk, tmp_path, capsys, caplog):
    path = tmp_path / "talk.mp4"
    path.write_bytes(talk[0].read_bytes())
    model = str(train())
    for options in (["--burn", str(path)], ["--output", str(path)]):
        with pytest.raises(SystemExit):
            cli.main(["transcribe", model, str(path), "--scale", "2,1", *options])
        assert "would be written over" in capsys.readouterr().err
    assert path.read_bytes() == talk[0].read_bytes()
    with pytest.raises(SystemExit):
        cli.main(["transcribe", model, str(path), "--scale", "2,1", "--crops", str(tmp_path / "c")])
    assert "--crops takes one utterance" in caplog.text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--start", "nan"], "begins at nan s"),
        (["--start", "-1"], "begins at -1.0 s; give 0 or more"),
        (["--end", "inf"], "ends at inf s"),
        (["--end", "nan", "--format", "srt"], "ends at nan s"),
        (["--start", "1", "--end", "0.5"], "give more than where it begins, 1.0 s"),
        (["--burn", "x.webm"], "x.webm: a video is written as .mp4"),
        (["--mux", "x"], "x: a video is written as .mp4"),
        (["--burn", "x.mkv", "--mux", "./x.mkv"], "give each output its own name"),
        (["--output", "x.mkv", "--mux", "x.mkv"], "give each output its own name"),
        (["--scale", ""], "scale '': write it like"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_read(
    train, place, capsys, monkeypatch, tmp_path, options, said
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Recogniser, "loaded", property(lambda self: pytest.fail("it is read")))
    scale = [] if "--scale" in options else ["--scale", "2,1"]
    with pytest.raises(SystemExit) as stopped:
        cli.main(["transcribe", str(train()), str(place / "one.mp4"), *scale, *options])
    assert stopped.value.code == 2 and said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place_in", "said"),
    [
        ("file/x.srt", "/file: File exists; choose a folder"),
        ("n" * 300, "choose a shorter name"),
    ],
)
def test_where_no_file_can_be_is_said(train, place, capsys, tmp_path, caplog, place_in, said):
    (tmp_path / "file").write_text("")
    given = ["transcribe", str(train()), str(place / "one.mp4"), "--scale", "2,1"]
    with pytest.raises(SystemExit) as stopped:
        cli.main([*given, "--output", str(tmp_path / place_in)])
    assert stopped.value.code == 2 and said in capsys.readouterr().err + caplog.text


def test_a_folder_is_no_video(train, tmp_path, caplog):
    with pytest.raises(SystemExit):
        cli.main(["transcribe", str(train()), str(tmp_path), "--scale", "2,1"])
    assert f"{tmp_path}: it is a folder" in caplog.text


def test_what_is_too_short_is_said(train, place, tmp_path, portrait, fails, caplog):
    model = train("vsr")
    write_mp4(tmp_path / "short.mp4", portrait[:5])
    given = ["--scale", "3", "--format", "srt"]
    assert "1 of 1 files have no transcript" in fails(model, tmp_path / "short.mp4", *given)
    assert "short.mp4: 0.20 s are too short; give more than 0.2 s" in caplog.text
    fails(model, place / "one_silent.mp4", *given, "--start", "0.3", "--end", "0.4")
    assert "one_silent.mp4: 0.10 s are too short" in caplog.text


def test_where_nobody_speaks_that_is_said(train, tmp_path, caplog):
    hiss = np.random.default_rng(0).normal(0, 0.01, 16_000 * 5).astype(np.float32)
    soundfile.write(tmp_path / "hiss.wav", hiss, 16_000)
    soundfile.write(tmp_path / "silence.wav", 0 * hiss, 16_000)
    files = [str(tmp_path / name) for name in ("hiss.wav", "silence.wav")]
    with pytest.raises(SystemExit):
        cli.main(["transcribe", str(train("asr")), *files, "--scale", "2"])
    assert "hiss.wav: clip 'hiss': it lasts 5.00 s and nobody speaks in it" in caplog.text
    assert "it lasts 5.00 s and its audio is silent throughout" in caplog.text
