"""What a model's folder says of itself is held against what lies in it."""

import json
import os
import shutil
import stat

import pandas as pd
import pytest
import torch
from tiny import DIMS, change_run, flip_byte, save_llm, save_trained, scramble

from mavsr.errors import InputError
from mavsr.files import atomic
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.folder import check_member, located, read_model_folder, write_run
from mavsr.model.loading import load_trained
from mavsr.report.loss_curve import loss_curve
from mavsr.report.losses import losses


@pytest.fixture(scope="module")
def saved(tmp_path_factory, llm_folder):
    from mavsr.model.settings import ModelSettings

    settings = ModelSettings(
        "avsr", "mtsk-ss", "avgpool", (2, 4), (1, 3), str(llm_folder), None, 4, 0.5, 12, False, 0
    )
    place = tmp_path_factory.mktemp("saved") / "model"
    return save_trained(scramble(MatryoshkaModel(settings, DIMS)), place)


@pytest.fixture
def model(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "any name")


def test_a_whole_folder_is_read_whatever_it_is_called(model):
    folder = read_model_folder(model)
    assert folder.dims == DIMS and folder.settings.method == "mtsk-ss"
    adapters = {f"adapters/{s.name}/adapter_model.safetensors" for s in folder.settings.scales}
    assert adapters | {"projectors.safetensors", "metrics.csv"} <= set(folder.run["files"])


def test_files_of_other_software_are_none_of_the_models(model):
    stamp = model / "adapters" / ".snakemake_timestamp"
    stamp.touch()
    run = json.loads((model / "run.json").read_text())
    files = dict(run["files"])
    write_run(model, run)
    assert read_model_folder(model).run["files"] == files
    # As an earlier version sealed it.
    change_run(model, files={**files, "adapters/.snakemake_timestamp": "0" * 64})
    stamp.unlink()
    assert read_model_folder(model).dims == DIMS


def zero_page(path):
    content = path.read_bytes()
    half = len(content) // 2
    path.write_bytes(content[:half] + bytes(min(4096, len(content) - half)))


SPOILED = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-10]),
    "emptied": lambda path: path.write_bytes(b""),
    "zeroed": zero_page,
    "flipped": flip_byte,
    "removed": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", SPOILED)
@pytest.mark.parametrize(
    "name",
    [
        "run.json",
        "metrics.csv",
        "projectors.safetensors",
        "adapters/a2_v1/adapter_model.safetensors",
        "adapters/a2_v1/adapter_config.json",
    ],
)
def test_no_damage_passes_and_each_is_named(model, name, damage):
    SPOILED[damage](model / name)
    with pytest.raises(InputError) as refused:
        read_model_folder(model)
    assert str(model / name) in str(refused.value)
    assert "train again" in str(refused.value) or "train it" in str(refused.value)


def test_an_edited_record_is_refused(model):
    run = json.loads((model / "run.json").read_text())
    run["model"]["seed"] = 1
    (model / "run.json").write_text(json.dumps(run))
    with pytest.raises(InputError, match=r"run.json is not what training wrote"):
        read_model_folder(model)


@pytest.mark.parametrize("content", ["[]", "{}", '{"model": {}}', '{"model": 3, "dims": {}}'])
def test_a_record_of_something_else_is_named(model, content):
    (model / "run.json").write_text(content)
    with pytest.raises(InputError, match=r"run.json is cut off, empty or damaged.*rm -f"):
        read_model_folder(model)


def test_a_record_without_digests_says_how_it_is_taken_over(model):
    run = json.loads((model / "run.json").read_text())
    old = {key: run[key] for key in ("model", "dims")}
    (model / "run.json").write_text(json.dumps(old))
    with pytest.raises(InputError, match=rf"earlier version.*`mavsr seal {model}`.*--configfile"):
        read_model_folder(model)


def test_an_llm_with_another_tokenizer_is_refused(model, llm_folder, tmp_path):
    llm = shutil.copytree(llm_folder, tmp_path / "llm")
    run = json.loads((model / "run.json").read_text())
    change_run(model, model={**run["model"], "llm": str(llm)})
    load_trained(read_model_folder(model), "cpu")
    tokenizer = llm / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text().replace("Ġ", "Q", 1))
    with pytest.raises(InputError, match=r"over another LLM than .*: tokenizer.json in .* differ"):
        load_trained(read_model_folder(model), "cpu")


@pytest.mark.parametrize(
    ("written", "computes"), [("float16", "float32"), ("bfloat16", "bfloat16")]
)
def test_a_float16_llm_computes_in_float32_on_a_processor(
    tmp_path, settings_of, utterances, written, computes
):
    llm = save_llm(tmp_path / "llm", dtype=getattr(torch, written))
    model = MatryoshkaModel(settings_of(method="mtsk-ms", llm=str(llm)), DIMS)
    assert model.llm.dtype == getattr(torch, written)
    folder = save_trained(scramble(model), tmp_path / "model")
    loaded = load_trained(read_model_folder(folder), "cpu")
    assert {p.dtype for p in loaded.llm.model.layers[0].mlp.parameters()} == {
        getattr(torch, computes)
    }
    scale = loaded.settings.scales[0]
    prefixes = [m.prefixes(utterances, scale)[0].float() for m in (loaded, model)]
    torch.testing.assert_close(*prefixes, atol=2e-2, rtol=2e-2)
    assert loaded.loss(utterances, scale).isfinite()


def test_the_record_does_not_depend_on_the_order_of_its_keys(model):
    run = json.loads((model / "run.json").read_text())
    (model / "run.json").write_text(json.dumps(dict(reversed(run.items()))))
    read_model_folder(model)
    write_run(model, {"model": run["model"], "dims": run["dims"]})
    with pytest.raises(InputError, match=r"not what training wrote"):
        read_model_folder(model)  # digests of the files, but none of the LLM


def test_losses_are_drawn_of_what_training_wrote(model, tmp_path):
    rows = [(0, e, s, "a2_v1", 1.0, 0.1, None) for e in range(2) for s in ("train", "val")]
    columns = ["step", "epoch", "split", "scale", "loss", "learning_rate", "wer"]
    pd.DataFrame(rows, columns=columns).to_csv(model / "metrics.csv", index=False)
    change_run(model, setup={"corpora": ["mine"]})
    losses([model / "metrics.csv"], tmp_path)
    loss_curve(model / "metrics.csv", tmp_path / "curve.png")
    assert check_member(model / "metrics.csv").settings.task == "avsr"
    flip_byte(model / "metrics.csv", 0.99)
    for draw in (lambda: losses([model / "metrics.csv"], tmp_path), lambda: check(model)):
        with pytest.raises(InputError, match=r"metrics.csv is not what training wrote"):
            draw()


def check(model):
    loss_curve(model / "metrics.csv", model / "curve.png")


def test_relative_paths_lead_to_the_project_above_the_model(tmp_path, monkeypatch):
    (tmp_path / "project" / "llm").mkdir(parents=True)
    model = tmp_path / "project" / "results" / "model"
    assert located("llm", model) == str(tmp_path / "project" / "llm")
    assert located("org/name", model) == "org/name"
    monkeypatch.chdir(tmp_path / "project")
    assert located("llm", model) == "llm"


def test_files_follow_the_umask(tmp_path, settings_of):
    before = os.umask(0o022)
    try:
        folder = save_trained(MatryoshkaModel(settings_of(), DIMS), tmp_path / "model")
        with atomic(tmp_path / "private") as partial:
            os.umask(0o077)
            partial.touch()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
        assert modes["projectors.safetensors"] == modes["adapter_model.safetensors"] == 0o644
        assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600
    finally:
        os.umask(before)
