"""Every method over every LLM built like Llama, and a plain word to those of another build."""

import pytest
import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from mavsr.errors import InputError
from mavsr.model.adapters.base import Positions, count_parameters
from mavsr.model.adapters.registry import make_adapter
from mavsr.model.methods import METHODS
from mavsr.model.scales import Scale

SIZES = {
    "vocab_size": 50,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
}
LLMS = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**SIZES)),
    "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**SIZES)),
    # Heads wider than hidden / heads, as in the published ones.
    "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**SIZES, head_dim=8)),
}
RATES = {
    **dict.fromkeys(("llama-avsr", "mome-mhsa-i", "llama-mt"), ((4,), (3,))),
    "avgpool-at-inference": ((1,), (1,)),
}
SCALE = Scale(4, 3)
IDS = torch.tensor([[3, 4, 5, 6, 7]])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", LLMS)
def test_every_method_adapts_every_llm(settings_of, name, method):
    audio, video = RATES.get(method, ((2, 4), (1, 3)))
    torch.manual_seed(0)
    llm = LLMS[name]().requires_grad_(False).eval()
    plain = llm(input_ids=IDS).logits
    adapter = make_adapter(llm, settings_of(method=method, audio_rates=audio, video_rates=video))
    adapter.activate(SCALE)
    torch.testing.assert_close(llm(input_ids=IDS).logits, plain)
    for parameter in adapter.trainable():
        torch.nn.init.normal_(parameter, std=0.3)
    assert not torch.allclose(llm(input_ids=IDS).logits, plain)
    positions = Positions((SCALE,), torch.ones(*IDS.shape, 1).bool(), torch.zeros_like(IDS))
    with adapter.describe(positions):
        loss = llm(input_ids=IDS).logits.square().mean() + adapter.extra_loss()
    loss.backward()
    reached = [p for p in adapter.trainable() if p.grad is not None and p.grad.abs().sum() > 0]
    assert 0 < count_parameters(reached) <= count_parameters(adapter.trainable())
    assert 0 < adapter.active_parameters(SCALE) <= count_parameters(adapter.trainable())
    trained = {id(parameter) for parameter in adapter.trainable()}
    assert all(p.grad is None for p in llm.parameters() if id(p) not in trained)


@pytest.mark.parametrize("method", METHODS)
def test_an_adapter_computes_in_float32_over_a_bfloat16_llm(settings_of, method):
    audio, video = RATES.get(method, ((2, 4), (1, 3)))
    llm = LLMS["llama"]().requires_grad_(False).bfloat16()
    adapter = make_adapter(llm, settings_of(method=method, audio_rates=audio, video_rates=video))
    adapter.activate(SCALE)
    assert {p.dtype for p in adapter.trainable()} == {torch.float32}
    assert llm(input_ids=IDS).logits.dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("mtsk-ms", r"GPT2LMHeadModel.* no linear layer 'q_proj'; it has c_attn.*lora_targets"),
        ("mome-ffn", "no list of decoder layers"),
    ],
)
def test_an_llm_of_another_build_is_refused(settings_of, method, message):
    llm = GPT2LMHeadModel(GPT2Config(vocab_size=50, n_embd=16, n_layer=1, n_head=2))
    with pytest.raises(InputError, match=message):
        make_adapter(llm, settings_of(method=method))


def test_a_block_that_is_not_there_is_named(settings_of):
    llm = LLMS["llama"]()
    for layer in llm.model.layers:
        layer.feed_forward = layer.mlp
        del layer.mlp
    with pytest.raises(InputError, match=r"no 'mlp', beside which mome-ffn.*self_attn.*Llama"):
        make_adapter(llm, settings_of(method="mome-ffn"))


def test_a_new_method_is_a_module_and_an_entry(settings_of, monkeypatch):
    import sys
    import types

    from mavsr.model.adapters import lora
    from mavsr.model.methods import Method

    module = types.ModuleType("mavsr.model.adapters.mine")
    module.make = lambda llm, settings, **options: (lora.make(llm, settings, shared=True), options)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(METHODS, "mine", Method("mine", {"depth": 3}))
    made, options = make_adapter(LLMS["llama"](), settings_of(method="mine"))
    assert options == {"depth": 3}
    made.activate(SCALE)
