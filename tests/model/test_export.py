"""One scale of a trained model, read by plain PEFT and plain tensors."""

import json

import peft
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import DIMS, change_run, flip_byte, make_utterance, save_trained, scramble
from torch.nn import functional as F

from mavsr.config.resampler import ResamplerSettings
from mavsr.errors import InputError
from mavsr.model.adapters.settings import MomeSettings
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.export import export, read_scale
from mavsr.model.llm import load_llm
from mavsr.model.methods import METHODS
from mavsr.model.scales import Scale
from mavsr.model.settings import ModelSettings

SCALE = Scale(4, 3)


@pytest.fixture
def trained(settings_of, tmp_path):
    """A model whose weights all differ, and its folder."""

    def make(**changes):
        model = scramble(MatryoshkaModel(settings_of(**changes), DIMS))
        return model, save_trained(model, tmp_path / "model")

    return make


@pytest.mark.parametrize("method", METHODS)
def test_every_method_comes_back_from_its_folder_and_exports_every_scale(trained, tmp_path, method):
    rates = {"one": ((2, 4), (1, 3)), "per scale": ((4,), (3,)), "uncompressed": ((1,), (1,))}
    audio, video = rates[METHODS[method].models]
    model, folder = trained(method=method, audio_rates=audio, video_rates=video)
    settings = json.loads((folder / "run.json").read_text())["model"]
    again = MatryoshkaModel(ModelSettings.from_dict(settings), DIMS)
    assert again.settings == model.settings
    again.load(folder)
    clips = [make_utterance("x", 9), make_utterance("y", 6)]
    for scale in model.settings.scales:
        assert again.entropy(clips, scale) == model.entropy(clips, scale)
        export(folder, scale.name, tmp_path / scale.name)
        assert (tmp_path / scale.name / "projectors.safetensors").is_file()


@pytest.mark.parametrize("spelling", ["4,3", "a4_v3"])
@pytest.mark.parametrize("method", ["mtsk-ms", "mtsk-ss", "mtsk-mss", "omni-st"])
def test_plain_peft_gives_the_same_logits(trained, tmp_path, method, spelling):
    model, folder = trained(method=method)
    export(folder, spelling, tmp_path / "out")
    alone = peft.PeftModel.from_pretrained(load_llm(model.settings.llm)[0], tmp_path / "out")
    rank = alone.peft_config["default"].r
    assert rank == (8 if method in ("mtsk-mss", "omni-st") else 4)
    ids = torch.tensor([[3, 4, 5, 6]])
    model.adapter.activate(SCALE)
    torch.testing.assert_close(
        alone(input_ids=ids).logits, model.llm(input_ids=ids).logits, atol=1e-5, rtol=1e-5
    )
    if method != "mtsk-ms":
        model.adapter.activate(Scale(2, 1) if method.startswith("mtsk") else Scale(4))
        assert not torch.allclose(alone(input_ids=ids).logits, model.llm(input_ids=ids).logits)


def test_the_projectors_and_markers_rebuild_the_prefix(trained, tmp_path):
    model, folder = trained(method="mtsk-ss")
    export(folder, "4,3", tmp_path / "out")
    tensors = load_file(tmp_path / "out" / "projectors.safetensors")
    assert {name.split(".")[0] for name in tensors} == {"markers", "audio", "video"}
    clip = make_utterance("x", 9)
    pooled = clip.tokens["audio"][:16].unflatten(0, (4, 4)).mean(1)
    hidden = F.relu(F.linear(pooled, tensors["audio.0.weight"], tensors["audio.0.bias"]))
    audio = F.linear(hidden, tensors["audio.2.weight"], tensors["audio.2.bias"])
    prefix = model.prefixes([clip], SCALE)[0]
    torch.testing.assert_close(prefix[1], tensors["markers"][0])
    torch.testing.assert_close(prefix[2:6], audio)
    assert json.loads((tmp_path / "out" / "export.json").read_text())["scale"] == "a4_v3"


def test_learned_queries_are_exported_with_the_projectors(trained, tmp_path):
    own = ResamplerSettings(8, 8, 2, 8)
    model, folder = trained(method="mtsk-ms", compression="resampler", resampler=own)
    export(folder, "4,3", tmp_path / "out")
    tensors = load_file(tmp_path / "out" / "projectors.safetensors")
    for modality, module in model.compressors.items():
        for name, tensor in module.state_dict().items():
            assert tensors.pop(f"{modality}.compressor.{name}").equal(tensor)
    assert {name.split(".")[1] for name in tensors if name != "markers"} == {"0", "2"}
    said = json.loads((tmp_path / "out" / "export.json").read_text())
    assert said["model"]["resampler"]["window"] == 8


@pytest.mark.parametrize("router", ["shared", "per_scale"])
def test_the_experts_of_a_scale_are_whole(trained, tmp_path, router):
    experts = MomeSettings(5, 1, 2, 3, router=router)
    model, folder = trained(method="mome-ffn", mome=experts)
    export(folder, "4,3", tmp_path / "out")
    tensors = load_file(tmp_path / "out" / "mome.safetensors")
    own = "shared" if router == "shared" else "a4_v3"
    tokens = torch.randn(3, 16)
    for layer in range(2):
        weight = tensors[f"routers.{layer}.weight"]
        assert weight.equal(model.adapter.routers[layer][own].weight)
        assert tensors[f"experts.{layer}.up"].equal(model.adapter.experts[layer].up)
        gates = model.adapter.routers[layer][own].route(tokens)[2]
        assert ((gates > 0).sum(-1) == 2).all()
    assert len(tensors) == 2 * (4 + 1)
    settings = json.loads((tmp_path / "out" / "mome.json").read_text())
    assert (settings["method"], settings["top_k"], settings["bottleneck"]) == ("mome-ffn", 2, 3)


def test_a_pooled_model_is_exported_at_any_rate(trained, tmp_path):
    rates = {"audio_rates": (1,), "video_rates": (1,)}
    model, folder = trained(method="avgpool-at-inference", **rates)
    export(folder, "16,5", tmp_path / "out")
    tensors = load_file(tmp_path / "out" / "projectors.safetensors")
    assert tensors["audio.0.weight"].equal(model.projectors["audio_1"][0].weight)


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        ("4", "task avsr wants one rate for each of audio, video"),
        ("4,3,2", "task avsr wants"),
        ("8,3", "scale a8_v3 is not one of this model's scales: a2_v1"),
        ("v3", "scale v3 is not one of"),
        ("4;3", "scale '4;3': write it like a4_v2"),
        ("0,3", "audio rate of a scale is 0"),
    ],
)
def test_wrong_scales_are_named(settings_of, scale, message):
    with pytest.raises(InputError, match=message):
        read_scale(scale, settings_of())


def test_a_task_with_one_modality_takes_one_rate(settings_of):
    assert read_scale("3", settings_of(task="vsr")) == Scale(video=3)
    assert read_scale(" 4, 3", settings_of()) == SCALE


def test_of_three_tasks_a_scale_is_named_or_a_pair_of_rates(settings_of):
    settings = settings_of(method="omni-t")
    assert read_scale("4,3", settings) == SCALE
    assert read_scale("v3", settings) == Scale(video=3)
    with pytest.raises(InputError, match="one rate for each of audio, video or a name such as a2"):
        read_scale("4", settings)


def test_what_is_missing_is_named(trained, tmp_path):
    with pytest.raises(InputError, match=r"run.json does not exist.*results/training"):
        export(tmp_path, "4,3", tmp_path / "out")
    _, folder = trained(method="mtsk-mss")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(InputError, match="is there already"):
        export(folder, "4,3", tmp_path / "full")
    (folder / "adapters" / "a4_v3" / "adapter_model.safetensors").unlink()
    with pytest.raises(InputError, match=r"a4_v3/adapter_model.safetensors is missing; .*train"):
        export(folder, "4,3", tmp_path / "out")
    change_run(folder)
    with pytest.raises(InputError, match=r"a4_v3 holds no adapter_model.safetensors; train again"):
        export(folder, "4,3", tmp_path / "out")
    save_file({"markers": torch.zeros(4, 16)}, folder / "projectors.safetensors")
    change_run(folder)
    with pytest.raises(InputError, match=r"holds no projectors.audio_4"):
        export(folder, "4,3", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "name", ["projectors.safetensors", "adapters/shared/adapter_model.safetensors"]
)
def test_a_flipped_bit_is_not_exported(trained, tmp_path, name):
    _, folder = trained(method="mtsk-mss")
    flip_byte(folder / name)
    with pytest.raises(InputError, match=rf"{name} is not what training wrote"):
        export(folder, "4,3", tmp_path / "out")
    assert not (tmp_path / "out").exists()


HEAD = ("q_proj", "v_proj", "lm_head")


@pytest.mark.parametrize("method", ["mtsk-ms", "mtsk-mss"])
def test_a_lora_on_the_output_head_is_read_and_merged_by_plain_peft(trained, tmp_path, method):
    model, folder = trained(method=method, lora_targets=HEAD)
    export(folder, "4,3", tmp_path / "out")
    weights = load_file(tmp_path / "out" / "adapter_model.safetensors")
    assert all(".lora_" in name for name in weights)
    assert sum("lm_head" in name for name in weights) == 2
    plain = peft.PeftModel.from_pretrained(load_llm(model.settings.llm)[0], tmp_path / "out")
    ids = torch.tensor([[3, 4, 5, 6]])
    model.adapter.activate(SCALE)
    with torch.no_grad():
        expected = model.llm(input_ids=ids).logits
        torch.testing.assert_close(plain(input_ids=ids).logits, expected, atol=1e-5, rtol=1e-5)
        merged = plain.merge_and_unload()
        torch.testing.assert_close(merged(input_ids=ids).logits, expected, atol=1e-5, rtol=1e-5)


def test_a_lora_on_a_head_that_is_the_embedding_table_is_refused(trained, tmp_path):
    """It acts rightly while it is apart; merged by PEFT it would change the embeddings too."""
    llm = tmp_path / "tied"
    own, tokenizer = load_llm(trained(method="mtsk-ms")[0].settings.llm)
    own.config.tie_word_embeddings = True
    own.lm_head.weight = own.model.embed_tokens.weight
    own.save_pretrained(llm)
    tokenizer.save_pretrained(llm)
    _, folder = trained(method="mtsk-ms", lora_targets=HEAD, llm=str(llm))
    with pytest.raises(InputError, match=r"has 'lm_head', which .* ties to its embedding table"):
        export(folder, "4,3", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    _, folder = trained(method="mtsk-ms", llm=str(llm))
    export(folder, "4,3", tmp_path / "out")
