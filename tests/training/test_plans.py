"""Every plan gives the losses and gradients of the plain loop: scale by scale, padded."""

from dataclasses import replace

import pytest
import torch
from planned import METHODS, RAGGED, run
from tiny import save_llm, save_other_llm
from transformers import PreTrainedTokenizerFast

from mavsr.config.resampler import ResamplerSettings
from mavsr.errors import InputError
from mavsr.model.adapters.settings import MomeSettings
from mavsr.model.compression import compressed_length
from mavsr.model.compressions import COMPRESSIONS
from mavsr.model.methods import METHODS as ALL
from mavsr.training.objective import objective_at
from mavsr.training.plans import Packed, Padded, plan_for
from mavsr.training.precision import computing, set_precision
from mavsr.training.settings import TrainingSettings

OMNI = [name for name, method in ALL.items() if method.omni]


def same(first, second):
    torch.testing.assert_close(first[0], second[0], atol=1e-5, rtol=1e-5)
    for ours, theirs in zip(first[1], second[1], strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "plan", [Packed("segments", 10**6), Packed("segments", 60), Packed("dense", 90)]
)
@pytest.mark.parametrize("task", ["asr", "vsr", "avsr"])
@pytest.mark.parametrize("method", METHODS)
def test_packs_give_the_plain_loops_losses_and_gradients(make_model, method, task, plan):
    model = make_model(method, task)
    same(run(model, plan), run(model, Padded()))


@pytest.mark.parametrize(
    "mome",
    [
        MomeSettings(5, 1, 2, 3, router="per_scale"),
        MomeSettings(5, 1, 2, 3, balance=0.0),
        MomeSettings(5, 1, 2, 3, balance=0.5, scale_weights=(("a2_v1", 3.0), ("a4_v3", 0.2))),
    ],
)
def test_also_for_variants_of_mome(make_model, mome):
    model = make_model("mome-ffn", mome=mome)
    same(run(model, Packed("segments", 100)), run(model, Padded()))


@pytest.mark.parametrize(
    "plan", [Packed("segments", 10**6), Packed("segments", 60), Packed("dense", 90)]
)
@pytest.mark.parametrize("dropped", [{}, {0: "audio", 2: "video", 3: "audio"}])
@pytest.mark.parametrize("rates", ["drawn", "all"])
@pytest.mark.parametrize("method", OMNI)
def test_also_for_three_tasks_in_a_step(make_model, method, rates, dropped, plan):
    model = make_model(method, "omni")
    clips = [replace(clip, dropped=dropped.get(n)) for n, clip in enumerate(RAGGED)]
    objective = objective_at(model.settings, TrainingSettings(rates_per_step=rates), 0, 0)
    assert {scale.task for scale in objective.scales} == {"asr", "vsr", "avsr"}
    same(run(model, plan, clips, objective), run(model, Padded(), clips, objective))


@pytest.mark.parametrize("method", ["mtsk-ms", "mome-ffn"])
def test_also_where_clips_have_lost_a_modality(make_model, method):
    model = make_model(method)
    clips = [
        replace(c, dropped=m) for c, m in zip(RAGGED, ["audio", None, "video"] * 2, strict=False)
    ]
    found, plain = (run(model, plan, clips) for plan in (Packed("segments", 100), Padded()))
    same(found, plain)
    assert (found[0] - run(model, Padded())[0]).abs().max() > 1e-3


def test_a_lost_modality_leaves_no_token_behind(make_model):
    model = make_model()
    scale = model.settings.scales[0]
    with torch.no_grad():
        whole, video_alone = model.prefixes([RAGGED[0], replace(RAGGED[0], dropped="audio")], scale)
    audio = 2 + compressed_length(len(RAGGED[0].tokens["audio"]), scale.audio)
    opening = model.opening_length
    assert torch.equal(torch.cat([whole[:opening], whole[opening + audio :]]), video_alone)


LLMS = {
    "qwen2": ({}, Packed),
    "qwen3": ({"head_dim": 8}, Packed),
    # Its feed-forward block is a mixture of experts of its own.
    "qwen3_moe": ({"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 8}, Packed),
    # Its layers have no module for the feed-forward block, and its positions are learnt.
    "opt": ({"ffn_dim": 32, "word_embed_proj_dim": 16}, Packed),
    "mistral": ({"sliding_window": 6}, Padded),
    "mixtral": ({"sliding_window": 6, "num_local_experts": 4}, Padded),
    # It does not look its attention function up, so it would not know of segments.
    "gptj": ({"n_embd": 16, "n_layer": 2, "n_head": 2, "rotary_dim": 4}, Padded),
    "nemotron": ({}, Padded),  # nor would this one, which hands nothing on to its attention
}


@pytest.mark.parametrize("name", LLMS)
def test_every_llm_gets_a_plan_that_gives_the_plain_loops_numbers(make_model, tmp_path, name):
    sizes, kind = LLMS[name]
    model = make_model("mtsk-ms", llm=str(save_other_llm(tmp_path / name, name, **sizes)))
    plan = plan_for(model, torch.device("cpu"), 100)
    assert isinstance(plan, kind)
    same(run(model, plan), run(model, Padded()))


@pytest.mark.parametrize("method", ["mtsk-ms", "mtsk-ss", "mome-ffn"])
def test_also_for_an_llm_without_a_token_for_the_beginning(make_model, tmp_path, method):
    folder = save_llm(tmp_path / "qwen")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), eos_token="<eos>"
    )
    tokenizer.save_pretrained(folder)
    model = make_model(method, llm=str(folder))
    scale = model.settings.scales[0]
    assert torch.equal(model.prefixes(RAGGED, scale)[0][0], model.markers[0])
    same(run(model, Packed("segments", 100)), run(model, Padded()))


@pytest.mark.parametrize("method", ["mtsk-ms", "mome-ffn"])
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_also_under_every_compression(make_model, method, compression):
    resampler = ResamplerSettings(10, 10, 2, 8) if compression == "resampler" else None
    model = make_model(method, compression=compression, resampler=resampler)
    same(run(model, Packed("segments", 200)), run(model, Padded()))


def test_the_plain_loop_is_the_mean_of_the_models_losses(make_model):
    model = make_model("mtsk-mss")
    losses, gradients = run(model, Padded())
    for parameter in model.parameters():
        parameter.grad = None
    each = [model.loss(RAGGED, scale) for scale in model.settings.scales]
    torch.testing.assert_close(losses, torch.stack(each).detach())
    torch.stack(each).mean().backward()
    for ours, parameter in zip(gradients, model.trainable(), strict=True):
        torch.testing.assert_close(ours, parameter.grad, atol=1e-6, rtol=1e-5)


def test_weights_of_scales_multiply_the_cross_entropy_and_not_the_balance(make_model):
    weights = {"a2_v1": 3.0, "a4_v3": 0.2}
    mome = MomeSettings(5, 1, 2, 3, balance=0.5, scale_weights=tuple(weights.items()))
    model = make_model("mome-ffn", mome=mome)
    losses, gradients = run(model, Padded())
    for parameter in model.parameters():
        parameter.grad = None
    total, scales = 0.0, model.settings.scales
    for scale, loss in zip(scales, losses, strict=True):
        entropy = model.entropy(RAGGED, scale)
        torch.testing.assert_close(entropy, loss)  # what is reported has no weight
        total = total + weights.get(scale.name, 1.0) * entropy + model.adapter.extra_loss()
    (total / len(scales)).backward()
    for ours, parameter in zip(gradients, model.trainable(), strict=True):
        torch.testing.assert_close(ours, parameter.grad, atol=1e-6, rtol=1e-5)


def test_only_what_trains_gets_gradients(make_model):
    model = make_model()
    run(model, Packed("segments", 200))
    trained = {id(parameter) for parameter in model.trainable()}
    for parameter in model.parameters():
        assert (parameter.grad is not None) == (id(parameter) in trained)


@pytest.mark.parametrize("plan", [Padded(), Packed("segments", 100)])
def test_shares_of_a_batch_add_up_to_it(make_model, plan):
    model = make_model("mtsk-ss")
    targets = model.count_targets(RAGGED)
    whole, gradients = run(model, plan)
    for parameter in model.parameters():
        parameter.grad = None
    parts = [
        plan.losses(model, part, targets, torch.Tensor.backward)
        for part in (RAGGED[:2], RAGGED[2:])
    ]
    torch.testing.assert_close(sum(parts), whole, atol=1e-5, rtol=1e-5)
    for parameter, expected in zip(model.trainable(), gradients, strict=True):
        torch.testing.assert_close(parameter.grad, expected, atol=1e-5, rtol=1e-5)


def test_flex_attention_gives_the_same_losses(make_model):
    # PyTorch has no backward pass of FlexAttention on a CPU; its mask is that of the dense kernel.
    for method in ("mtsk-ms", "mtsk-ss"):
        model = make_model(method)
        with torch.no_grad(), torch.compiler.set_stance("force_eager"):
            targets = model.count_targets(RAGGED)
            flex = Packed("flex", 300).losses(model, RAGGED, targets)
            torch.testing.assert_close(flex, Padded().losses(model, RAGGED, targets))


def test_attention_of_packs_on_a_processor_is_in_float32(make_model, monkeypatch):
    types = []
    attend = torch.nn.functional.scaled_dot_product_attention

    def spy(query, key, value, **options):
        types.append((query.dtype, torch.is_autocast_enabled("cpu")))
        return attend(query, key, value, **options)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", spy)
    model = make_model("mtsk-ms")
    set_precision(model, "bf16")
    with computing(torch.device("cpu"), "bf16"):
        run(model, Packed("segments", 100))
    assert set(types) == {(torch.float32, False)}


def test_wrong_settings_are_named():
    with pytest.raises(InputError, match="kernel 'slow' is unknown; choose from"):
        Packed("slow", 10)
    with pytest.raises(InputError, match="0 tokens"):
        Packed("dense", 0)
