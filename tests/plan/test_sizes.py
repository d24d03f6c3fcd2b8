"""What a plan computes of networks without building them is what the networks have."""

import json
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from tiny import save_other_llm
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from mavsr.config.toy import ToyLlama
from mavsr.encoders.avhubert import AVHubertConfig, AVHubertEncoder
from mavsr.errors import InputError
from mavsr.model.cost import matrix_parameters
from mavsr.model.methods import METHODS
from mavsr.plan import llm_sizes
from mavsr.plan.llm_sizes import llm_size, trained_parameters
from mavsr.report.adapter_sizes import adapter_parameters
from mavsr.report.encoder_sizes import VideoSizes, WhisperSizes, avhubert_flops, whisper_flops
from mavsr.report.llm_shapes import LLMS, llm_config
from mavsr.report.parameters import paper_settings

TINY = LLMS[0]


def test_a_plan_imports_no_network_library():
    code = "import sys, mavsr.plan.plan; sys.exit(bool({'torch', 'transformers'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def counted(network, *shape):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(torch.empty(shape, device="meta"))
    return counter.get_total_flops()


@pytest.mark.parametrize("tokens", [40, 100])
def test_whispers_arithmetic_is_what_its_network_does(tokens):
    config = WhisperConfig(
        d_model=24,
        encoder_layers=2,
        encoder_attention_heads=2,
        encoder_ffn_dim=72,
        max_source_positions=tokens,
    )
    linear, quadratic = whisper_flops(WhisperSizes(24, 2, 72))
    with torch.device("meta"):
        network = WhisperEncoder(config)
    assert counted(network, 1, 80, 2 * tokens) == linear * tokens + quadratic * tokens**2


@pytest.mark.parametrize("frames", [40, 100])
def test_avhuberts_arithmetic_is_what_its_network_does(frames):
    linear, quadratic = avhubert_flops(VideoSizes(24, 2, 72, 16, 4, 3))
    with torch.device("meta"):
        network = AVHubertEncoder(AVHubertConfig(2, 24, 72, 2, 16, 4, 3))
    found = counted(network, 1, 1, frames, 88, 88)
    # Of an even kernel the network computes one position more, and drops it.
    dropped = 2 * 16 * 24 * 24 // 4
    assert found - dropped == linear * frames + quadratic * frames**2


@pytest.mark.parametrize("name", LLMS)
def test_a_llamas_matrices_are_those_of_its_modules(name):
    assert llm_size(f"meta-llama/{name}", ToyLlama()).matrices == matrix_parameters(
        llm_config(name)
    )


@pytest.mark.parametrize("method", METHODS)
def test_what_is_trained_is_counted_as_on_the_modules(method):
    settings = paper_settings(method, TINY)
    config = llm_config(TINY)
    for changed in (settings, *routers(settings), *targets(settings)):
        expected, _ = adapter_parameters(config, changed, changed.scales[0])
        assert trained_parameters(llm_size(TINY, ToyLlama()), changed) == expected


def routers(settings):
    if settings.mome:
        yield replace(settings, mome=replace(settings.mome, router="per_scale"))


def targets(settings):
    if not settings.mome:
        yield replace(settings, lora_targets=("o_proj", "down_proj", "gate_proj"))
        yield replace(settings, lora_targets=("q_proj", "lm_head"))


def test_an_llm_of_another_kind_is_counted_on_its_modules(tmp_path):
    folder = save_other_llm(tmp_path / "qwen", "qwen2")
    size = llm_size(str(folder), ToyLlama())
    assert size.matrices == matrix_parameters(size.config)
    assert size.linear["q_proj"] == 2 * (16 + 16)
    settings = replace(paper_settings("mtsk-ms", TINY), lora_rank=4)
    assert trained_parameters(size, settings) == 4 * 2 * ((16 + 16) + (16 + 8))


def test_a_llamas_folder_is_read_without_its_weights(llm_folder, tmp_path):
    config = LlamaConfig.from_pretrained(llm_folder)
    assert llm_size(str(llm_folder), ToyLlama()).matrices == matrix_parameters(config)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(InputError, match=r"config\.json cannot be read.*hidden_size"):
        llm_size(str(tmp_path), ToyLlama())


def test_an_adapter_of_ones_own_is_counted_on_its_modules(monkeypatch):
    monkeypatch.setattr(llm_sizes, "method_of", lambda name: SimpleNamespace(adapter="mine"))
    settings = paper_settings("mtsk-ms", TINY)
    expected, _ = adapter_parameters(llm_config(TINY), settings, settings.scales[0])
    assert trained_parameters(llm_size(TINY, ToyLlama()), settings) == expected
