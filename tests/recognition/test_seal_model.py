"""A model of an earlier version is taken over by a person, after a look, or refused."""

import json
import shutil

import pytest
import safetensors
import yaml
from safetensors.torch import load_file, save_file
from tiny import flip_byte

from mavsr import cli

LLM = {"revision": None, "lora_rank": 4, "lora_scale": 0.5}
NAMES = {"audio": "ear", "video": "eye"}


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
def old_model(train, place, tmp_path):
    """A model as an earlier version left it, renamed; ``llm.yaml`` names its LLM."""
    section = {"llms": {"mine": {**LLM, "path": str(tmp_path / "llm")}}}
    (place / "llm.yaml").write_text(yaml.safe_dump(section))
    model = train()
    run = json.loads((model / "run.json").read_text())
    old = {key: run[key] for key in ("model", "dims", "encoders")}
    (model / "run.json").write_text(json.dumps(old))
    return model


def test_a_model_without_digests_is_refused_until_it_is_sealed(
    old_model, train, transcribe, fails, place, capsys
):
    given = (place / "one.mp4", "--scale", "2,1")
    refused = fails(old_model, *given)
    assert "earlier version" in refused and f"`mavsr seal {old_model}`" in refused
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


def test_the_entry_that_holds_the_llm_alike_is_the_models(old_model, place, tmp_path, capsys):
    held = {**LLM, "path": str(tmp_path / "llm"), "quantization": "nf4"}
    (place / "held.yaml").write_text(yaml.safe_dump({"llms": {"held": held}}))
    status, *_ = seal(capsys, old_model, place, "my.yaml", "held.yaml", "llm.yaml")
    assert status == 0
    assert json.loads((old_model / "run.json").read_text())["setup"]["llm"]["name"] == "mine"


def test_what_cannot_be_sealed_is_named(old_model, place, capsys, caplog):
    (place / "other.yaml").write_text("encoders: {ear: {path: nowhere}}")
    record = (old_model / "run.json").read_bytes()
    status, _, error = seal(capsys, old_model, place, "my.yaml", "llm.yaml", "other.yaml")
    assert status == 2 and "1 of 1 paths are not sealed" in error
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


def test_weights_that_are_no_numbers_are_not_sealed(old_model, place, capsys, caplog):
    path = old_model / "projectors.safetensors"
    with safetensors.safe_open(path, "pt") as file:
        about = file.metadata()
    tensors = load_file(path)
    tensors["markers"][0, 0] = float("nan")
    save_file(tensors, path, about)
    assert seal(capsys, old_model, place, "my.yaml", "llm.yaml")[0] == 2
    assert "markers holds numbers that are not finite" in caplog.text


def test_data_are_sealed_by_the_same_command(tmp_path, capsys):
    (tmp_path / "wer.csv").write_text("a\n")
    with pytest.raises(SystemExit):
        cli.main(["seal", str(tmp_path / "wer.csv")])
    (tmp_path / "dropped.csv").write_text("key,reason\nx,too short\n")
    cli.main(["seal", str(tmp_path)])
    assert capsys.readouterr().out == f"{tmp_path / 'dropped.csv'}\n"
    cli.main(["seal", str(tmp_path)])
    assert capsys.readouterr().out.startswith(f"{tmp_path}: nothing lacks a checksum")
