"""``mavsr transcribe`` gives a clip the text that the workflow's jobs give it."""

import json

import numpy as np
import pytest
import yaml
from tiny import change_run, flip_byte

import mavsr
from mavsr import cli
from mavsr.config.read import DEFAULT, parse_config, read_config
from mavsr.errors import InputError
from mavsr.evaluation.decode import decode
from mavsr.evaluation.hypotheses import Origin, read_hypotheses
from mavsr.media import decode_video
from mavsr.model.folder import read_model_folder
from mavsr.model.scales import Scale
from mavsr.recognition.settings import read_setup
from mavsr.recognition.spans import Span
from mavsr.shards import read_shard
from mavsr.workflow.setup import describe_setup

CLIPS = ("one", "two", "three")


def by_the_jobs(place, model, scale, tmp_path):
    """Key -> text, from features that the jobs have cached."""
    path = tmp_path / f"{scale}.jsonl"
    decode(
        model,
        place / "test.parquet",
        Origin("mine", "test", "ear+eye", "tiny"),
        "clean",
        scale,
        path,
        read_config([place / "my.yaml"]).decoding,
        **{modality: place / modality / "index.json" for modality in Scale.parse(scale).rates},
    )
    return read_hypotheses(path).texts


@pytest.mark.parametrize(("spelling", "scale"), [("2,1", "a2_v1"), ("a4_v3", "a4_v3")])
def test_videos_get_the_texts_that_evaluation_gives_them(
    train, transcribe, place, tmp_path, spelling, scale
):
    model = train()
    expected = by_the_jobs(place, model, scale, tmp_path)
    assert len(set(expected.values())) > 2, "the clips' texts are all alike; the test sees nothing"
    files = [f"{key}.mp4" for key in CLIPS]
    assert transcribe(model, spelling, files) == [expected[key] for key in CLIPS]
    part = transcribe(model, spelling, ["three.mp4"], "--start", "0.4", "--end", "1.6")
    assert part == [expected["part"]] != [expected["three"]]


def test_a_model_that_only_sees_takes_videos_without_sound(train, transcribe, place, tmp_path):
    model = train("vsr")
    expected = by_the_jobs(place, model, "v3", tmp_path)
    found = transcribe(model, "3", [f"{key}_silent.mp4" for key in CLIPS])
    assert found == [expected[key] for key in CLIPS]


def test_a_model_that_only_hears_takes_sound_files(train, transcribe):
    model = train("asr")
    heard = transcribe(model, "2", [f"{key}.wav" for key in CLIPS])
    assert len(set(heard)) == len(CLIPS)


def test_a_model_of_three_tasks_takes_what_its_scale_reads(train, transcribe, place, tmp_path):
    model = train("omni", method="omni-t")
    for named, scale, kind in (
        ("a2", "a2", ".wav"),
        ("v3", "v3", "_silent.mp4"),
        ("2,1", "a2_v1", ".mp4"),
    ):
        expected = by_the_jobs(place, model, scale, tmp_path)
        assert len(set(expected.values())) > 2, "the clips' texts are all alike"
        found = transcribe(model, named, [f"{key}{kind}" for key in CLIPS])
        assert found == [expected[key] for key in CLIPS]


def test_a_model_that_is_pooled_at_test_time_takes_files_at_rates_that_it_was_not_trained_at(
    train, transcribe, place, tmp_path
):
    """It serves every scale of its task, of which its own list has (1, 1) alone."""
    model = train(method="avgpool-at-inference")
    expected = by_the_jobs(place, model, "a4_v3", tmp_path)
    assert transcribe(model, "4,3", [f"{key}.mp4" for key in CLIPS]) == [
        expected[key] for key in CLIPS
    ]
    loaded = mavsr.load(model)
    spans = [Span(0.2, 0.8, 0.0, 1.2)]
    [segment] = loaded.segments(place / "three.mp4", spans, loaded.chosen((4, 3)))
    [other] = loaded.segments(place / "three.mp4", spans, loaded.chosen((1, 1)))
    coarse, fine = segment.readings["a4_v3"], other.readings["a1_v1"]
    assert coarse.scale == "a4_v3" and 0 < coarse.tokens < fine.tokens
    assert coarse.tflops / coarse.tokens == pytest.approx(fine.tflops / fine.tokens)


def test_a_rate_without_its_modality_is_refused_for_a_model_of_three_tasks(train, fails, place):
    said = fails(train("omni", method="omni-t"), place / "one.mp4", "--scale", "2")
    assert "wants one rate for each of audio, video or a name such as a2" in said


def test_the_crops_that_the_model_sees_can_be_looked_at(train, transcribe, place, tmp_path):
    transcribe(train(), "2,1", ["one.mp4"], "--crops", str(tmp_path / "crops"))
    seen = decode_video((tmp_path / "crops" / "one.mkv").read_bytes())
    stored = dict(read_shard(place / "crops" / "00000.tar"))["one"]["mkv"]
    assert np.array_equal(seen, decode_video(stored))


def test_a_file_that_cannot_be_used_is_named_and_does_not_stop_the_others(
    train, place, capsys, caplog
):
    (place / "broken.mp4").write_bytes(b"no video")
    files = [str(place / name) for name in ("broken.mp4", "one.wav", "no.mp4", "one.mp4")]
    with pytest.raises(SystemExit) as stopped:
        cli.main(["transcribe", str(train()), *files, "--scale", "2,1"])
    assert stopped.value.code == 2
    shown = capsys.readouterr()
    assert shown.out.startswith(f"{place / 'one.mp4'}\t")
    assert shown.err.splitlines()[-1] == "error: 3 of 4 files have no transcript; see above"
    assert "broken.mp4: cannot be read" in caplog.text
    assert "one.wav: no video track" in caplog.text
    assert "no.mp4: no such file" in caplog.text


def test_a_text_that_may_be_cut_is_said(train, transcribe, caplog):
    model = train()
    assert transcribe(model, "2,1", ["one.mp4"])
    caplog.clear()
    transcribe(model, "2,1", ["one.mp4"], "--max-new-tokens", "2")
    assert "max_new_tokens is 2" in caplog.text


def test_a_renamed_or_moved_model_is_the_same(train, transcribe, place, tmp_path, monkeypatch):
    model = train()
    expected = transcribe(model, "2,1", ["one.mp4"])
    moved = tmp_path / "elsewhere" / "x.y"
    moved.parent.mkdir()
    model.rename(moved)
    assert transcribe(moved, "2,1", ["one.mp4"]) == expected
    # A relative LLM is found from any working directory, beside a folder above the model.
    run = json.loads((moved / "run.json").read_text())
    change_run(moved, model={**run["model"], "llm": "llm"})
    monkeypatch.chdir(place)
    assert transcribe(moved, "2,1", ["one.mp4"]) == expected


def test_what_is_wrong_is_named_before_anything_is_loaded(train, place, tmp_path, fails):
    model, video = train(), place / "one.mp4"
    given = (video, "--scale", "2,1")
    assert "run.json does not exist" in fails(tmp_path / "x", *given)
    wrong = fails(model, video, "--scale", "8,1")
    assert "scale a8_v1 is not one of this model's scales: a2_v1, a2_v3" in wrong
    twice = fails(model, *given, tmp_path / ".." / video, "--crops", tmp_path)
    assert "two files are called one" in twice
    assert "decoding.beams is 0" in fails(model, *given, "--beams", "0")
    change_run(model, setup=None)
    unknown = fails(model, *given)
    assert "does not say how crops" in unknown and f"`mavsr seal {model}`" in unknown


def test_another_encoder_or_tokenizer_than_the_models_is_refused(train, place, tmp_path, fails):
    model = train()
    encoders = json.loads((model / "run.json").read_text())["encoders"]
    given = (place / "one.mp4", "--scale", "2,1")
    odd = {**encoders["video"], "weights": "0" * 64}
    change_run(model, encoders={**encoders, "video": odd})
    with pytest.raises(InputError, match=f"on another video encoder than .*instead of {'0' * 64}"):
        mavsr.load(model).transcribe(place / "one.mp4", (2, 1))
    change_run(model, encoders=encoders)
    tokenizer = tmp_path / "llm" / "tokenizer_config.json"
    tokenizer.write_text(tokenizer.read_text().replace("<eos>", "<bos>"))
    refused = fails(model, *given)
    assert "over another LLM" in refused and "tokenizer_config.json" in refused


@pytest.mark.parametrize("name", ["projectors.safetensors", "adapters/a2_v1", "run.json"])
def test_a_flipped_bit_is_refused(train, place, fails, name):
    model = train()
    path = model / name
    flip_byte(path / "adapter_model.safetensors" if path.is_dir() else path, 0.5)
    refused = fails(model, place / "one.mp4", "--scale", "2,1")
    assert str(path) in refused and f"rm -f '{model / 'run.json'}'" in refused


def test_the_python_interface_gives_the_same_texts(train, transcribe, place):
    folder = train()
    model = mavsr.load(str(folder))
    assert model.task == "avsr"
    assert [scale.name for scale in model.scales] == ["a2_v1", "a2_v3", "a4_v1", "a4_v3"]
    [expected] = transcribe(folder, "4,3", ["three.mp4"])
    for scale in ((4, 3), "4,3", "a4_v3", model.scales[3]):
        assert model.transcribe(str(place / "three.mp4"), scale=scale) == expected
    [part] = transcribe(folder, "4,3", ["three.mp4"], "--start", "0.4", "--end", "1.6")
    assert model.transcribe(place / "three.mp4", (4, 3), start=0.4, end=1.6) == part
    with pytest.raises(InputError, match="scale a8_v1 is not one of this model's scales"):
        model.transcribe(place / "three.mp4", (8, 1))
    heard = mavsr.load(train("asr"))
    assert heard.transcribe(place / "one.wav", 2) == heard.transcribe(place / "one.mp4", (2,))


def test_a_setup_holds_what_the_config_says(train, tmp_path):
    config = parse_config(
        {
            **yaml.safe_load(DEFAULT.read_text()),
            "mouths": {
                "detector": "retinaface",
                "detect_every": 3,
                "retinaface": {"weights": "https://server.example/r.pth", "sha256": "0" * 64},
            },
        }
    )
    names = {"audio": "toy-whisper", "video": "toy-avhubert"}
    described = describe_setup(config, ["portrait"], names, "toy-llama")
    model = train(setup=described)
    setup = read_setup(read_model_folder(model))
    assert (setup.crops.detector, setup.crops.detect_every) == ("retinaface", 3)
    assert str(setup.crops.weights) == "results/mouths/retinaface.weights"
    assert setup.decoding == config.decoding
    assert setup.features.dtype == config.features.dtype
    described["decoding"]["beam"] = 3
    change_run(model, setup=described)
    with pytest.raises(InputError, match=r"run.json: its `setup` cannot be used .*mavsr seal"):
        read_setup(read_model_folder(model))
