"""``mavsr transcribe`` gives a clip the text that the workflow's jobs give it."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import safetensors
import soundfile
import yaml
from safetensors.torch import load_file, save_file
from tiny import change_run, flip_byte, save_avhubert, save_trained, save_whisper, scramble
from trees import manifest_row
from videos import write_mp4

import mavsr
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
from mavsr.recognition.settings import crop_settings, decoding_settings
from mavsr.recognition.setup import describe_setup
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
def train(place, settings_of, tmp_path, llm_folder):
    """Save a model of random weights as training does."""
    llm = shutil.copytree(llm_folder, tmp_path / "llm")

    def make(task="avsr", **run):
        settings = settings_of(task=task, method="mtsk-ss", llm=str(llm))
        model = scramble(MatryoshkaModel(settings, DIMS))
        indexes = {m: place / m / "index.json" for m in TASKS[task]}
        source = UtteranceSource(place / "test.parquet", indexes)
        names = {modality: NAMES[modality] for modality in TASKS[task]}
        told = {
            "dims": DIMS,
            "encoders": encoders_of([source]),
            "setup": describe_setup(read_config([place / "my.yaml"]), ["mine"], names, "toy-llama"),
        }
        return save_trained(model, tmp_path / f"{task} model", **told | run)

    return make


@pytest.fixture
def transcribe(place, capsys):
    """Call the command; return the printed text of each file."""

    def call(model, scale, files, *options):
        paths = [str(place / name) for name in files]
        capsys.readouterr()
        cli.main(["transcribe", str(model), *paths, "--scale", scale, *options])
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


def fails(capsys, model, *options):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["transcribe", str(model), *map(str, options)])
    assert stopped.value.code == 2
    return capsys.readouterr().err


def test_what_is_wrong_is_named_before_anything_is_loaded(train, place, tmp_path, capsys):
    model, video = train(), place / "one.mp4"
    given = (video, "--scale", "2,1")
    assert "run.json does not exist" in fails(capsys, tmp_path / "x", *given)
    wrong = fails(capsys, model, video, "--scale", "8,1")
    assert "scale a8_v1 is not one of this model's scales: a2_v1, a2_v3" in wrong
    twice = fails(capsys, model, *given, tmp_path / ".." / video, "--crops", tmp_path)
    assert "two files are called one" in twice
    assert "decoding.beams is 0" in fails(capsys, model, *given, "--beams", "0")
    change_run(model, setup=None)
    unknown = fails(capsys, model, *given)
    assert "does not say how crops" in unknown and f"`mavsr seal {model}`" in unknown


def test_another_encoder_or_tokenizer_than_the_models_is_refused(train, place, tmp_path, capsys):
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
    refused = fails(capsys, model, *given)
    assert "over another LLM" in refused and "tokenizer_config.json" in refused


@pytest.mark.parametrize("name", ["projectors.safetensors", "adapters/a2_v1", "run.json"])
def test_a_flipped_bit_is_refused(train, place, capsys, name):
    model = train()
    path = model / name
    flip_byte(path / "adapter_model.safetensors" if path.is_dir() else path, 0.5)
    refused = fails(capsys, model, place / "one.mp4", "--scale", "2,1")
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


def seal(capsys, model, place, *configs):
    """Exit status, stdout, stderr of ``mavsr seal``."""
    configs = [str(place / name) for name in configs]
    try:
        cli.main(["seal", str(model), "--configfile", *configs])
        status = 0
    except SystemExit as stopped:
        status = stopped.code
    return status, *capsys.readouterr()


@pytest.fixture
def old_model(train):
    """A model as an earlier version left it, renamed."""
    model = train()
    run = json.loads((model / "run.json").read_text())
    old = {key: run[key] for key in ("model", "dims", "encoders")}
    (model / "run.json").write_text(json.dumps(old))
    return model


def test_a_model_without_digests_is_refused_until_it_is_sealed(
    old_model, train, transcribe, place, tmp_path, capsys
):
    given = (place / "one.mp4", "--scale", "2,1")
    refused = fails(capsys, old_model, *given)
    assert "earlier version" in refused and f"`mavsr seal {old_model}`" in refused
    (place / "llm.yaml").write_text(
        yaml.safe_dump({"llms": {"mine": {**LLM, "path": str(tmp_path / "llm")}}})
    )
    before = (old_model / "run.json").stat().st_mtime_ns
    status, told, _ = seal(capsys, old_model, place, "my.yaml", "llm.yaml")
    assert status == 0 and "projectors.safetensors" in told
    assert (old_model / "run.json").stat().st_mtime_ns == before, "jobs would run again"
    setup = json.loads((old_model / "run.json").read_text())["setup"]
    assert {m: section["name"] for m, section in setup["encoders"].items()} == NAMES
    assert setup["llm"]["name"] == "mine"
    sealed = transcribe(old_model, "2,1", ["one.mp4"])
    shutil.rmtree(old_model)
    assert sealed == transcribe(train(), "2,1", ["one.mp4"])


LLM = {"revision": None, "lora_rank": 4, "lora_scale": 0.5}


def test_what_cannot_be_sealed_is_named(old_model, place, tmp_path, capsys, caplog):
    (place / "llm.yaml").write_text(
        yaml.safe_dump({"llms": {"mine": {**LLM, "path": str(tmp_path / "llm")}}})
    )
    (place / "other.yaml").write_text("encoders: {ear: {path: nowhere}}")
    record = (old_model / "run.json").read_bytes()
    status, _, error = seal(capsys, old_model, place, "my.yaml", "llm.yaml", "other.yaml")
    assert status == 2 and "1 of 1 models are not sealed" in error
    assert "was trained on another audio encoder" in caplog.text
    (old_model / "metrics.csv").rename(old_model / "kept")
    assert seal(capsys, old_model, place, "my.yaml", "llm.yaml")[0] == 2
    assert "metrics.csv is missing" in caplog.text
    (old_model / "kept").rename(old_model / "metrics.csv")
    assert (old_model / "run.json").read_bytes() == record
    assert seal(capsys, old_model, place, "my.yaml", "llm.yaml")[0] == 0
    flip_byte(old_model / "projectors.safetensors")
    assert seal(capsys, old_model, place, "my.yaml", "llm.yaml")[0] == 2
    assert "projectors.safetensors is not what training wrote" in caplog.text


def test_weights_that_are_no_numbers_are_not_sealed(old_model, place, tmp_path, capsys, caplog):
    path = old_model / "projectors.safetensors"
    with safetensors.safe_open(path, "pt") as file:
        about = file.metadata()
    tensors = load_file(path)
    tensors["markers"][0, 0] = float("nan")
    save_file(tensors, path, about)
    (place / "llm.yaml").write_text(
        yaml.safe_dump({"llms": {"mine": {**LLM, "path": str(tmp_path / "llm")}}})
    )
    assert seal(capsys, old_model, place, "my.yaml", "llm.yaml")[0] == 2
    assert "markers holds numbers that are not finite" in caplog.text


def test_mouths_are_found_as_the_workflow_finds_them():
    config = read_config([])
    plain = crop_settings(config)
    section = config["mouths"]
    assert plain == CropSettings(
        section["detector"],
        section["detect_every"],
        section["min_frames"],
        section["max_av_gap_s"],
        section["codec"],
        batch=section["retinaface"]["batch"],
    )
    retinaface = {"weights": "https://server.example/r.zip", "sha256": "0", "batch": 7}
    config["mouths"] = {**section, "detector": "retinaface", "retinaface": retinaface}
    found = crop_settings(config)
    assert str(found.weights) == "results/mouths/retinaface.weights"
    assert replace(found, weights=None, batch=32, detector="mediapipe") == replace(plain, batch=32)
