import json

import peft
import pytest
import torch
from tiny import save_llm, scramble

from mavsr.errors import InputError
from mavsr.model.adapters.base import count_parameters
from mavsr.model.adapters.lora import CONFIG, export
from mavsr.model.adapters.registry import make_adapter
from mavsr.model.llm import load_llm
from mavsr.model.scales import Scale, all_scales
from mavsr.model.settings import ModelSettings

SCALES = all_scales("avsr", (4, 16), (2, 5))
RANK, FACTOR = 4, 0.5


@pytest.fixture
def llm(llm_folder):
    return load_llm(str(llm_folder))[0]


def fresh(llm, method, rates=((4, 16), (2, 5)), rank=RANK, factor=FACTOR, **changes):
    settings = {
        "task": "avsr",
        "method": method,
        "compression": "avgpool",
        "audio_rates": rates[0],
        "video_rates": rates[1],
        "llm": "tiny",
        "llm_revision": None,
        "lora_rank": rank,
        "lora_scale": factor,
        "projector_hidden": 8,
        "projector_layer_norm": False,
        "seed": 0,
    }
    return make_adapter(llm, ModelSettings(**{**settings, **changes}))


def make(llm, method, **changes):
    return scramble(fresh(llm, method, **changes))


def adapters(parameters_by_name):
    return {name.split(".lora_")[1].split(".")[1] for name in parameters_by_name}


def gradients(lora, llm, scale):
    lora.activate(scale)
    llm(input_ids=torch.tensor([[5, 7, 9]])).logits.square().sum().backward()
    return {
        name: p.grad
        for name, p in lora.peft.named_parameters()
        if p.grad is not None and p.grad.abs().sum() > 0
    }


ACTIVE = {
    "mtsk-ms": lambda scale: {"shared"},
    "mtsk-ss": lambda scale: {scale.name},
    "mtsk-mss": lambda scale: {"shared", scale.name},
}


@pytest.mark.parametrize("method", ACTIVE)
@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.name)
def test_gradients_reach_the_active_loras_and_nothing_else(llm, method, scale):
    lora = make(llm, method)
    lora.activate(SCALES[0])  # switching back and forth leaves nothing behind
    reached = gradients(lora, llm, scale)
    assert adapters(reached) == ACTIVE[method](scale) == set(lora.names(scale))
    assert len(reached) == len(ACTIVE[method](scale)) * 2 * 2 * 2  # layers, q and v, A and B
    assert all(p.requires_grad for p in lora.trainable())


def test_llama_avsr_has_one_lora_and_one_scale(llm):
    lora = make(llm, "llama-avsr", rates=((4,), (2,)))
    assert adapters(gradients(lora, llm, Scale(4, 2))) == {"shared"}
    with pytest.raises(InputError, match="one model per scale"):
        fresh(llm, "llama-avsr")


@pytest.mark.parametrize(("method", "count"), [("mtsk-ms", 1), ("mtsk-ss", 4), ("mtsk-mss", 5)])
def test_parameters_are_counted_per_lora(llm, method, count):
    lora = make(llm, method)
    query, value = 16 + 16, 16 + 8  # in + out; one key-value head of two
    assert count_parameters(lora.trainable()) == count * 2 * RANK * (query + value)


def weights(layer, adapter):
    return layer.lora_A[adapter].weight, layer.lora_B[adapter].weight


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.name)
def test_mss_adds_the_shared_and_the_own_lora_to_the_frozen_layer(llm, scale):
    lora = make(llm, "mtsk-mss", rank=2, factor=0.125)
    lora.activate(scale)
    layer = llm.model.layers[1].self_attn.q_proj
    x = torch.randn(2, 5, 16)
    expected = x @ layer.base_layer.weight.T
    for adapter in ("shared", scale.name):
        down, up = weights(layer, adapter)
        expected = expected + 0.125 * x @ down.T @ up.T
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize(("rank", "factor"), [(4, 0.125), (16, 0.125), (2, 2.0), (7, 0.5)])
def test_alpha_is_rank_times_scale(llm, rank, factor):
    lora = fresh(llm, "mtsk-mss", rank=rank, factor=factor)
    for config in lora.peft.peft_config.values():
        assert (config.r, config.lora_alpha) == (rank, rank * factor)
        assert set(config.target_modules) == {"q_proj", "v_proj"}
    layer = llm.model.layers[0].self_attn.v_proj
    assert set(layer.scaling.values()) == {factor}


def test_a_fresh_lora_changes_nothing(llm, llm_folder):
    ids = torch.tensor([[5, 7, 9]])
    plain = load_llm(str(llm_folder))[0](input_ids=ids).logits
    fresh(llm, "mtsk-mss")
    torch.testing.assert_close(llm(input_ids=ids).logits, plain)


@pytest.mark.parametrize("scale", [Scale(8, 2), Scale(4), Scale(video=2)])
def test_a_scale_of_another_model_is_refused(llm, scale):
    lora = make(llm, "mtsk-ss")
    with pytest.raises(InputError, match=f"scale {scale.name} is not one of.*a16_v5"):
        lora.activate(scale)


def test_unknown_methods_are_refused(llm):
    with pytest.raises(InputError, match=r"'mtsk-sms' is unknown; did you mean 'mtsk-.*mome-ffn"):
        fresh(llm, "mtsk-sms")


def test_plain_peft_reads_a_scale_specific_adapter(llm, llm_folder, tmp_path):
    lora, scale = make(llm, "mtsk-ss"), Scale(16, 2)
    lora.save(tmp_path)
    lora.activate(scale)
    ids = torch.tensor([[3, 4, 5, 6]])
    plain = load_llm(str(llm_folder))[0]
    alone = peft.PeftModel.from_pretrained(plain, tmp_path / scale.name)
    expected = llm(input_ids=ids).logits
    torch.testing.assert_close(alone(input_ids=ids).logits, expected)
    lora.activate(Scale(4, 5))
    assert not torch.allclose(llm(input_ids=ids).logits, expected)


def test_plain_peft_reads_shared_and_own_adapter_together(llm, llm_folder, tmp_path):
    lora, scale = make(llm, "mtsk-mss"), Scale(4, 5)
    lora.save(tmp_path)
    lora.activate(scale)
    ids = torch.tensor([[3, 4, 5, 6]])
    plain = peft.PeftModel.from_pretrained(
        load_llm(str(llm_folder))[0], tmp_path / "shared", adapter_name="shared"
    )
    plain.load_adapter(tmp_path / scale.name, adapter_name="own")
    plain.base_model.set_adapter(["shared", "own"])
    torch.testing.assert_close(plain(input_ids=ids).logits, llm(input_ids=ids).logits)


def test_what_is_saved_is_read_back(llm, llm_folder, tmp_path):
    lora = make(llm, "mtsk-mss")
    lora.save(tmp_path)
    names = {"shared", *(scale.name for scale in SCALES)}
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == names
    other = fresh(load_llm(str(llm_folder))[0], "mtsk-mss")
    other.load(tmp_path)
    for old, new in zip(lora.trainable(), other.trainable(), strict=True):
        assert torch.equal(old, new)


def test_loading_refuses_what_does_not_fit(llm, llm_folder, tmp_path):
    make(llm, "mtsk-ss").save(tmp_path / "adapters")

    def loading(method="mtsk-ss", rank=RANK, layers=2, hidden=16):
        folder = save_llm(tmp_path / f"llm{layers}-{hidden}", layers, hidden)
        lora = fresh(load_llm(str(folder))[0], method, rank=rank)
        lora.load(tmp_path / "adapters")

    with pytest.raises(InputError, match="has no adapter 'shared'"):
        loading(method="mtsk-mss")
    with pytest.raises(InputError, match=r"lora_rank 4 and lora_scale 0.5.* 8 and 0.5; .*run.json"):
        loading(rank=8)
    with pytest.raises(InputError, match=r"another LLM than tiny: it holds .*layers.1.*over that"):
        loading(layers=1)
    with pytest.raises(InputError, match=r"another LLM than tiny: it lacks .*layers.2"):
        loading(layers=3)
    with pytest.raises(InputError, match=r"another LLM than tiny: it does not fit its widths"):
        loading(hidden=32)


def test_an_unknown_target_layer_is_refused_with_those_there_are(llm):
    with pytest.raises(InputError, match=r"LlamaForC.* no linear layer 'qkv'.*q_proj.*v_proj"):
        fresh(llm, "mtsk-ms", lora_targets=("v_proj", "qkv"))


def test_other_target_layers_can_be_named(llm):
    lora = make(llm, "mtsk-ms", lora_targets=("q_proj", "up_proj"))
    names = [name for name, _ in lora.peft.named_parameters() if ".lora_" in name]
    assert {n.split(".lora_")[0].rsplit(".", 1)[1] for n in names} == {"q_proj", "up_proj"}


def test_an_adapter_is_written_with_its_target_layers_in_order(llm, tmp_path):
    """PEFT writes them in the order of a set, which is another one in every process."""
    named = ("q_proj", "v_proj", "up_proj", "down_proj", "o_proj", "k_proj", "gate_proj")
    lora = make(llm, "mtsk-mss", lora_targets=named)
    lora.save(tmp_path)
    (tmp_path / "exported").mkdir()
    export(tmp_path, lora.settings, SCALES[0], tmp_path / "exported")
    written = [json.loads(path.read_text()) for path in tmp_path.glob(f"*/{CONFIG}")]
    assert len(written) == 1 + len(SCALES) + 1
    assert all(config["target_modules"] == sorted(named) for config in written)


def test_audio_prefixes_are_shared_where_one_lora_serves_all(llm_folder):
    kinds = {}
    for method in ACTIVE:
        adapter = fresh(load_llm(str(llm_folder))[0], method)
        kinds[method] = len({adapter.weights(scale) for scale in SCALES})
    assert kinds == {"mtsk-ms": 1, "mtsk-ss": len(SCALES), "mtsk-mss": len(SCALES)}
