"""``mavsr transcribe`` gives a clip the text that the workflow's jobs give it."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml
from tiny import save_avhubert, save_whisper, scramble
from trees import manifest_row
from videos import write_mp4

from mavsr import cli
from mavsr.configuration import read_config
from mavsr.corpus.manifest import write_manifest
from mavsr.encoders import EncoderSettings
from mavsr.errors import InputError
from mavsr.evaluation.decode import decode
from mavsr.evaluation.hypotheses import Origin, read_hypotheses
from mavsr.features.extract import extract
from mavsr.features.index import index
from mavsr.features.join import UtteranceSource
from mavsr.features.origin import encoders_of
from mavsr.media import decode_video
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.scales import TASKS
from mavsr.mouths.clip import CropSettings
from mavsr.mouths.crop import crop
from mavsr.recognition.settings import crop_settings, decoding_settings, encoder_names
from mavsr.shards import read_shard

DIMS = {"audio": 16, "video": 16}
NAMES = {"audio": "ear", "video": "eye"}
CLIPS = {"one": 25, "two": 37, "three": 50}


@pytest.fixture(scope="module")
def place(tmp_path_factory, portrait):
    """Three clips, two encoders, a config that names them, and what the jobs make of the clips."""
    folder = tmp_path_factory.mktemp("own")
    draw = np.random.default_rng(0)
    for key, frames in CLIPS.items():
        sound = draw.normal(0, 0.1, 640 * frames).astype(np.float32)
        write_mp4(folder / f"{key}.mp4", portrait[-frames:], sound)
        write_mp4(folder / f"{key}_silent.mp4", portrait[-frames:])
        soundfile.write(folder / f"{key}.wav", sound, 16_000)
    encoders = {
        "ear": {"kind": "whisper", "path": str(save_whisper(folder / "w", chunk_s=3))},
        "eye": {"kind": "avhubert", "path": str(save_avhubert(folder / "v.pt"))},
    }
    config = {
        "encoders": {name: {**section, "revision": None} for name, section in encoders.items()},
        "mouths": {"detect_every": 3},
        "decoding": {"beams": 2, "max_new_tokens": 20},
    }
    (folder / "my.yaml").write_text(yaml.safe_dump(config))
    rows = [manifest_row(key, folder / f"{key}.mp4", split="test") for key in CLIPS]
    rows.append(manifest_row("part", folder / "three.mp4", split="test", start=0.4, end=1.6))
    write_manifest(folder / "test.parquet", pd.DataFrame(rows))
    shard = folder / "crops" / "00000.tar"
    crop(folder / "test.parquet", 0, shard, folder / "0.csv", CropSettings(detect_every=3))
    for modality, name in NAMES.items():
        tokens = folder / modality / "00000.tar"
        extract(shard, EncoderSettings(**encoders[name]), "clean", tokens)
        index([tokens], folder / modality / "index.json", folder / modality / "samples.parquet", {})
    return folder


@pytest.fixture
def train(place, settings_of, tmp_path):
    """Save a model of random weights as training does."""

    def make(task="avsr"):
        model = scramble(MatryoshkaModel(settings_of(task=task, method="mtsk-ss"), DIMS))
        encoders = "+".join(NAMES[modality] for modality in TASKS[task])
        folder = tmp_path / f"mine.{task}.{encoders}.llama-3.2.mtsk-ss.avgpool.s0"
        model.save(folder)
        indexes = {m: place / m / "index.json" for m in TASKS[task]}
        source = UtteranceSource(place / "test.parquet", indexes)
        run = {"model": model.settings.to_dict(), "dims": DIMS, "encoders": encoders_of([source])}
        (folder / "run.json").write_text(json.dumps(run))
        return folder

    return make


@pytest.fixture
def transcribe(place, capsys):
    """Call the command; return the printed text of each file."""

    def call(model, scale, files, *options):
        paths = [str(place / name) for name in files]
        words = ["--model", str(model), "--scale", scale, "--videos", *paths]
        capsys.readouterr()
        cli.main(["transcribe", *words, "--configfile", str(place / "my.yaml"), *options])
        lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
        assert [name for name, _ in lines] == paths
        return [text for _, text in lines]

    return call


def by_the_jobs(place, model, scale, tmp_path):
    """Key -> text, from features that the jobs have cached."""
    task = json.loads((model / "run.json").read_text())["model"]["task"]
    path = tmp_path / f"{scale}.jsonl"
    decode(
        model,
        place / "test.parquet",
        Origin("mine", "test", "ear+eye", "tiny"),
        "clean",
        scale,
        path,
        decoding_settings(read_config([place / "my.yaml"])),
        **{modality: place / modality / "index.json" for modality in TASKS[task]},
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


def test_the_crops_that_the_model_sees_can_be_looked_at(train, transcribe, place, tmp_path):
    transcribe(train(), "2,1", ["one.mp4"], "--crops", str(tmp_path / "crops"))
    seen = decode_video((tmp_path / "crops" / "one.mkv").read_bytes())
    stored = dict(read_shard(place / "crops" / "00000.tar"))["one"]["mkv"]
    assert np.array_equal(seen, decode_video(stored))


def test_a_file_that_cannot_be_used_is_named_and_does_not_stop_the_others(
    train, place, capsys, caplog
):
    (place / "broken.mp4").write_bytes(b"no video")
    files = [str(place / name) for name in ("broken.mp4", "one.wav", "one.mp4")]
    options = ["--model", str(train()), "--scale", "2,1", "--videos", *files]
    with pytest.raises(SystemExit) as stopped:
        cli.main(["transcribe", *options, "--configfile", str(place / "my.yaml")])
    assert stopped.value.code == 2
    shown = capsys.readouterr()
    assert shown.out.startswith(f"{place / 'one.mp4'}\t")
    assert "2 of 3 files have no transcript" in shown.err
    assert "broken.mp4: cannot be read" in caplog.text
    assert "one.wav: no video track" in caplog.text


def test_a_text_that_may_be_cut_is_said(train, place, transcribe, caplog):
    model = train()
    assert transcribe(model, "2,1", ["one.mp4"])
    (place / "short.yaml").write_text("decoding: {max_new_tokens: 2}")
    caplog.clear()
    configs = [str(place / name) for name in ("my.yaml", "short.yaml")]
    transcribe(model, "2,1", ["one.mp4"], "--configfile", *configs)
    assert "decoding.max_new_tokens is 2" in caplog.text


def fails(capsys, place, model, *options):
    with pytest.raises(SystemExit) as stopped:
        words = ["--model", str(model), "--configfile", str(place / "my.yaml"), *map(str, options)]
        cli.main(["transcribe", *words])
    assert stopped.value.code == 2
    return capsys.readouterr().err


def test_what_is_wrong_is_named_before_anything_is_loaded(train, place, tmp_path, capsys):
    model, video = train(), place / "one.mp4"
    given = ("--scale", "2,1", "--videos", video)
    assert "run.json does not exist" in fails(capsys, place, tmp_path / "x", *given)
    wrong = fails(capsys, place, model, "--scale", "8,1", "--videos", video)
    assert "scale a8_v1 is not one of this model's scales: a2_v1, a2_v3" in wrong
    missing = fails(capsys, place, model, "--scale", "2,1", "--videos", video, place / "no.mp4")
    assert f"no such file: {place / 'no.mp4'}" in missing
    twice = fails(capsys, place, model, *given, tmp_path / ".." / video, "--crops", tmp_path)
    assert "two files are called one" in twice
    renamed = model.rename(tmp_path / "renamed")
    assert "'renamed' is not named after encoders" in fails(capsys, place, renamed, *given)


def test_another_encoder_than_the_models_is_refused(train, place, tmp_path, capsys):
    model = train()
    run = json.loads((model / "run.json").read_text())
    run["encoders"]["video"]["weights"] = "0" * 64
    (model / "run.json").write_text(json.dumps(run))
    error = fails(capsys, place, model, "--scale", "2,1", "--videos", place / "one.mp4")
    assert "was trained on another encoder than encoders.eye" in error
    assert f"instead of {'0' * 64}" in error


def test_names_of_encoders_are_found_whatever_dots_they_have():
    encoders = {
        "w": {"kind": "whisper"},
        "w.en": {"kind": "whisper"},
        "eye": {"kind": "avhubert"},
    }
    found = encoder_names("my.lrs3.avsr.w.en+eye.llama-3.2-1b.mtsk-ms.s0", "avsr", encoders)
    assert found == {"audio": "w.en", "video": "eye"}
    assert encoder_names("lrs3.vsr.eye.llama.mtsk-ms.s0", "vsr", encoders) == {"video": "eye"}
    with pytest.raises(InputError, match="not named after encoders of the config"):
        encoder_names("lrs3.asr.whisper.llama.mtsk-ms.s0", "asr", encoders)


def test_mouths_are_found_as_the_workflow_finds_them():
    config = read_config([])
    plain = crop_settings(config)
    section = config["mouths"]
    assert plain == CropSettings(
        detector=section["detector"],
        detect_every=section["detect_every"],
        min_face_share=section["min_face_share"],
        audio=section["audio"],
        min_frames=section["min_frames"],
        max_av_gap_s=section["max_av_gap_s"],
        codec=section["codec"],
        batch=section["retinaface"]["batch"],
    )
    retinaface = {"weights": "https://server.example/r.zip", "sha256": "0", "batch": 7}
    config["mouths"] = {**section, "detector": "retinaface", "retinaface": retinaface}
    found = crop_settings(config)
    assert str(found.weights) == "results/mouths/retinaface.weights"
    assert replace(found, weights=None, batch=32, detector="mediapipe") == replace(plain, batch=32)
