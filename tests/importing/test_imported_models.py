"""Imported models in the hands of other commands: they decode and export like ours."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import peft
import pytest
import torch
import yaml
from official import DATA, Case, load
from safetensors.torch import load_file
from tiny import change_run
from trees import manifest_row
from videos import write_mp4

from mavsr import cli
from mavsr.config.read import read_config
from mavsr.corpus.manifest import write_manifest
from mavsr.errors import InputError
from mavsr.evaluation.decode import decode
from mavsr.evaluation.hypotheses import Origin, read_hypotheses
from mavsr.features.extract import extract
from mavsr.features.index import index
from mavsr.model.export import export
from mavsr.model.folder import read_model_folder
from mavsr.model.llm import load_llm
from mavsr.model.scales import OMNI, Scale, tasks_of
from mavsr.mouths.clip import CropSettings
from mavsr.mouths.crop import crop
from mavsr.recognition.settings import read_setup
from mavsr.report.names import label
from mavsr.workflow.asked import Asked

FRAMES = 30
SCALES = {"asr": ("a4", "4"), "vsr": ("v2", "2"), "avsr": ("a4_v2", "4,2")}


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """Task -> model folder of Omni-AVSR ST with its encoders, in the numerics of its authors."""
    patch = pytest.MonkeyPatch()
    patch.setattr("official.CASES", DATA)
    case = Case("omni_st_encoders", tmp_path_factory.mktemp("omni"))
    folders = case.imported(numerics="authors")
    patch.undo()
    return {read_model_folder(folder).settings.task: folder for folder in folders}


@pytest.fixture(scope="module")
def clip(tmp_path_factory, portrait):
    """A video of one utterance, its manifest and its crops."""
    folder = tmp_path_factory.mktemp("clip")
    noise = np.random.default_rng(0).normal(0, 0.1, 640 * FRAMES).astype(np.float32)
    write_mp4(folder / "clip.mp4", portrait[-FRAMES:], noise)
    write_manifest(
        folder / "test.parquet",
        pd.DataFrame([manifest_row("clip", folder / "clip.mp4", split="test")]),
    )
    crops = CropSettings(detect_every=read_config([]).mouths.detect_every)
    crop(folder / "test.parquet", 0, folder / "00000.tar", folder / "0.csv", crops)
    return folder


def features(clip, model, place, **changes):
    """Modality -> index of the clip's features by the encoders of an imported model."""
    setup = read_setup(read_model_folder(model))
    found = {}
    for modality, settings in setup.encoders.items():
        shard = place / modality / "00000.tar"
        extract([clip / "00000.tar"], replace(settings, **changes), ["clean"], [shard])
        found[modality] = place / modality / "index.json"
        index([shard], found[modality], place / modality / "samples.parquet", {})
    return found


def decoded(clip, model, place, indexes):
    setup = read_setup(read_model_folder(model))
    scale, _ = SCALES[read_model_folder(model).settings.task]
    origin = Origin("own", "test", "whisper+avhubert", "llm")
    path = place / f"{scale}.jsonl"
    decode(model, clip / "test.parquet", origin, "clean", scale, path, setup.decoding, **indexes)
    return read_hypotheses(path)


@pytest.mark.parametrize("task", tasks_of(OMNI))
def test_a_video_gets_the_text_that_cached_features_give_it(imported, clip, tmp_path, capsys, task):
    model = imported[task]
    found = decoded(clip, model, tmp_path, features(clip, model, tmp_path))
    assert found.sidecar["decoding"]["beams"] == 15
    assert found.sidecar["model"]["numerics"] == "authors"
    capsys.readouterr()
    cli.main(["transcribe", str(model), str(clip / "clip.mp4"), "--scale", SCALES[task][1]])
    assert capsys.readouterr().out.split("\t", 1)[1].rstrip("\n") == found.texts["clip"]


def test_features_of_other_encoders_or_numerics_are_refused(imported, clip, tmp_path):
    model = imported["vsr"]
    indexes = features(clip, model, tmp_path / "ours", numerics="ours")
    with pytest.raises(InputError, match="numerics: ours instead of authors"):
        decoded(clip, model, tmp_path, indexes)


def test_its_folder_has_the_config_by_which_an_experiment_shows_it(imported, tmp_path):
    experiments = {"experiments": {"table1": [{"imported": [imported["avsr"].name]}]}}
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(experiments))
    asked = Asked(read_config([tmp_path / "my.yaml", imported["avsr"] / "config.yaml"]))
    found = asked.by_experiment["table1"]
    [model] = {e.model for e in found}
    assert model.name == imported["avsr"].name
    assert label(model.settings.method, model.variant) == "Omni-AVSR ST (authors' weights)"
    folder = read_model_folder(imported["avsr"])
    assert [e.scale for e in found] == folder.settings.scales
    assert (model.settings.task, model.settings.lora_rank) == ("avsr", folder.settings.lora_rank)
    setup = read_setup(folder)
    for modality, name in model.encoders:
        encoder = asked.config.encoders[name]
        assert (encoder.path, encoder.numerics) == (setup.encoders[modality].path, "authors")


def test_the_llm_is_not_copied(imported):
    llm = load_llm(read_model_folder(imported["asr"]).run["model"]["llm"])[0]
    size = sum(p.numel() * p.element_size() for p in llm.parameters())
    weights = load_file(imported["asr"] / "projectors.safetensors")
    assert weights["vocabulary.input"].shape == (5, llm.config.hidden_size)
    assert sum(p.stat().st_size for p in imported["asr"].rglob("*")) < size


def test_a_damaged_folder_is_to_be_imported_again(imported):
    path = imported["vsr"] / "projectors.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-4] + b"\x00\x00\x80\x3f")
    try:
        with pytest.raises(InputError, match="or import the checkpoint again"):
            read_model_folder(imported["vsr"])
    finally:
        path.write_bytes(whole)


def test_other_encoders_are_to_be_put_back_or_imported_again(imported, clip, tmp_path, capsys):
    model = shutil.copytree(imported["vsr"], tmp_path / "model")
    change_run(model, encoders={"video": {"weights": "0" * 64}})
    transcribed = ["transcribe", str(model), str(clip / "clip.mp4"), "--scale", "2"]
    assert "or import the checkpoint again" in refused(transcribed, capsys)
    change_run(model, setup={"encoders": {}})
    assert "or import the checkpoint again" in refused(transcribed, capsys)
    change_run(model, llm_sha256={})
    with pytest.raises(InputError, match=r"another LLM .* or import the checkpoint again"):
        load(model)


def test_a_model_without_encoders_says_so(tmp_path, clip, capsys, caplog, monkeypatch):
    monkeypatch.setattr("official.CASES", DATA)
    [model] = Case("mtsk_vsr", tmp_path).imported()
    told = refused(["transcribe", str(model), str(clip / "clip.mp4"), "--scale", "2"], capsys)
    assert "(model_avg_1.pth) held no video encoder" in told and "seal" not in told
    refused(["seal", str(model)], capsys)
    assert "was imported, which has sealed it" in caplog.text


def refused(words, capsys):
    """What a command says that ends with status 2."""
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_an_export_is_plain_peft_over_the_plain_llm(imported, tmp_path):
    """But for the five classes that the authors' softmax has beside, whose rows lie beside it."""
    export(imported["avsr"], "4,2", tmp_path / "out")
    model = load(imported["avsr"])
    model.adapter.activate(Scale(4, 2))
    plain = peft.PeftModel.from_pretrained(load_llm(model.settings.llm)[0], tmp_path / "out")
    frequencies = model.llm.model.rotary_emb.inv_freq
    plain.base_model.model.model.rotary_emb.inv_freq.copy_(frequencies)
    ids = torch.tensor([[3, 4, 5, 6]])
    with torch.no_grad():
        own, other = model.llm(input_ids=ids).logits, plain(input_ids=ids).logits
    assert own.shape[-1] == other.shape[-1] + 5
    torch.testing.assert_close(own[..., :-5], other, atol=1e-5, rtol=1e-5)
    beside = load_file(tmp_path / "out" / "projectors.safetensors")
    assert torch.equal(beside["markers"], beside["vocabulary.input"][1:])
