"""A checkpoint that lacks a part, or has one that does not fit, is named before it is imported."""

import pytest
import torch
from families import change, refused

AVHUBERT = "video_encoder.encoder.layers.0.self_attn"
LLM = "llm.model.layers.1.self_attn"
TABLE = "llm.model.embed_tokens.weight"


def without(*parts):
    """Drop the entries with one of these in their names."""

    def edit(state):
        for name in [name for name in state if any(part in name for part in parts)]:
            del state[name]

    return edit


def replaced(name, edit):
    return lambda state: state.update({name: edit(state[name])})


def added(name, shape=(3,)):
    return lambda state: state.update({name: torch.ones(shape)})


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (without(f"{AVHUBERT}.lora_down_Q"), "LoRAs, but no .*lora_down_Q.weight"),
        (without(f"{AVHUBERT}.lora_up_Q"), "LoRAs, but no .*lora_up_Q.weight"),
        (without(f"{AVHUBERT}.lora_"), "LoRAs, but no .*layers.0.*lora_down_Q.weight"),
        (replaced(f"{AVHUBERT}.lora_down_Q.weight", lambda t: t[:, 1:]), "do not fit .*q_proj"),
        (replaced(f"{AVHUBERT}.lora_up_V.weight", lambda t: t[:, 0]), "do not fit .*v_proj"),
        (added(f"{AVHUBERT}.lora_magnitude.weight"), "lora_magnitude.weight, which no known"),
    ],
)
def test_loras_of_avhubert_are_in_every_layer_or_in_none(make, edit, match):
    case = make("omni_encoders")
    change(case, edit)
    refused(case, f"its AV-HuBERT has .*{match}")


@pytest.mark.parametrize("family", ["omni", "omni_encoders"])
def test_loras_of_single_tasks_go_with_prompts(make, family):
    case = make(family)
    change(case, without("prompt_"))
    refused(case, "lacks prompt_.* that go with its LoRAs of single tasks")


def test_prompts_of_three_tasks_go_with_both_projectors(make):
    case = make("omni")
    change(case, without("video_proj"))
    refused(case, "lacks projectors of both modalities")


@pytest.mark.parametrize(
    ("family", "edit", "match"),
    [
        ("mtsk", added("llm.model.layers.foo.bar"), "1 entries .* such as llm.model.layers.foo"),
        ("mtsk", lambda s: without("layers")(s) or added("llm.x")(s), "holds no llm.model"),
        ("mtsk", replaced("audio_proj.0.0.weight", lambda t: t[:, 0]), "lacks audio_proj.*same"),
        ("mtsk", without("3.bias"), "lacks audio_proj.*same layers"),
        ("mtsk", replaced(TABLE, lambda t: t[:, 0]), "lacks a table of two dimensions"),
        ("mtsk", replaced("llm.lm_head.weight", lambda t: t[0, 0]), r"has lm_head.weight \(\)"),
        ("mtsk", replaced(TABLE, torch.Tensor.to_sparse), "no plain floating-point numbers"),
        ("mtsk", replaced(f"{LLM}.lora_up_Q.weight", lambda t: t[0]), "lacks shared LoRAs"),
        ("mtsk", replaced(f"{LLM}.lora_up_V.weight", lambda t: t[1:]), "lacks shared LoRAs"),
        ("omni", replaced(f"{LLM}.lora_up_V_shared.weight", lambda t: t[1:]), "lacks shared LoRA"),
        ("omni", replaced("prompt_video", lambda t: t[0, 0, 0]), "lacks prompts that are rows"),
        ("omni", replaced("prompt_video", lambda t: t[0]), "lacks prompts that are rows"),
        ("untied", replaced("llm.lm_head.weight", lambda t: t[:, 1:]), r"has lm_head.weight \("),
        ("untied", replaced("llm.lm_head.weight", lambda t: t[0, 0]), r"has lm_head.weight \(\)"),
    ],
)
def test_what_does_not_fit_is_named(make, family, edit, match):
    case = make(family)
    change(case, edit)
    refused(case, match)
