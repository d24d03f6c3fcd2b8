"""MoME in an LLM: where its output goes, what is routed and counted, what is saved."""

import pytest
import torch
from tiny import DIMS, save_llm, scramble
from torch.nn import functional as F

from mavsr.errors import InputError
from mavsr.model.adapters.base import Positions, count_parameters
from mavsr.model.adapters.settings import MomeSettings
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.llm import load_llm
from mavsr.model.scales import Scale

BLOCKS = ("mome-mhsa", "mome-ffn", "mome-layer")
SCALE = Scale(4, 3)
IDS = torch.tensor([[5, 7, 9, 11]])


def scrambled(settings):
    return scramble(MatryoshkaModel(settings, DIMS))


def added(model, layer, tokens):
    """What the experts of a layer add for their input."""
    router, experts = model.adapter.routers[layer]["shared"], model.adapter.experts[layer]
    return experts(tokens, router.route(tokens)[2])


def by_hand(model, block):
    """The decoder layers of Llama, written out, with the experts in their place."""
    decoder = model.llm.model
    hidden = decoder.embed_tokens(IDS)
    rotary = decoder.rotary_emb(hidden, torch.arange(IDS.shape[1])[None])
    for index, layer in enumerate(decoder.layers):
        start, normed = hidden, layer.input_layernorm(hidden)
        # Hooks act on a module's call, not on its forward.
        attended = layer.self_attn.forward(
            hidden_states=normed, position_embeddings=rotary, attention_mask=None
        )[0]
        if block == "mhsa":
            attended = attended + added(model, index, normed)
        middle = start + attended
        inner = layer.post_attention_layernorm(middle)
        fed = layer.mlp.forward(inner)
        if block == "ffn":
            fed = fed + added(model, index, inner)
        hidden = middle + fed
        if block == "layer":
            hidden = hidden + added(model, index, normed)
    return decoder.norm(hidden)


@pytest.mark.parametrize("block", ["mhsa", "ffn", "layer"])
def test_experts_are_added_to_their_blocks_output(settings_of, block):
    model = scrambled(settings_of(method=f"mome-{block}"))
    output = model.llm.get_decoder()(input_ids=IDS, use_cache=False)[0]
    torch.testing.assert_close(output, by_hand(model, block))


@pytest.mark.parametrize("method", BLOCKS)
def test_training_starts_at_the_frozen_llm(settings_of, method):
    settings = settings_of(method=method)
    plain = load_llm(settings.llm)[0](input_ids=IDS).logits
    model = MatryoshkaModel(settings, DIMS)
    torch.testing.assert_close(model.llm(input_ids=IDS).logits, plain)


@pytest.mark.parametrize("method", BLOCKS)
def test_only_projectors_experts_and_routers_are_trained(settings_of, utterances, method):
    model = scrambled(settings_of(method=method))
    for scale in model.settings.scales:
        model.loss(utterances, scale).backward()
    trained = {id(parameter) for parameter in model.trainable()}
    for name, parameter in model.named_parameters():
        assert (parameter.grad is not None) == (id(parameter) in trained), name
        assert (id(parameter) in trained) == name.startswith(("adapter.", "projectors.")), name


@pytest.mark.parametrize("over", ["pooled", "layers", "mean"])
def test_the_loss_is_cross_entropy_and_a_hundredth_of_the_balance(settings_of, utterances, over):
    experts = MomeSettings(5, 1, 2, 3, balance_over=over)
    model = scrambled(settings_of(method="mome-ffn", mome=experts))
    with torch.no_grad():
        plain = model.loss(utterances, SCALE)
    whole = model.loss(utterances, SCALE)
    probabilities = []
    for index in range(2):
        model.llm.model.layers[index].mlp.register_forward_hook(
            lambda _, inputs, __, index=index: probabilities.append(
                model.adapter.routers[index]["shared"].route(inputs[0])
            )
        )
    model.loss(utterances, SCALE)
    targets = [model.targets(utterance) for utterance in utterances]
    valid = model.positions(utterances, SCALE).belongs[..., 0]
    lengths = [
        len(prefix) + len(target) - 1
        for prefix, target in zip(model.prefixes(utterances, SCALE), targets, strict=True)
    ]
    assert valid.sum(dim=1).tolist() == lengths
    assert not valid.all()
    likely, chosen = ([layer[n][valid] for layer in probabilities] for n in (0, 1))
    if over == "pooled":
        balance = 5 * (torch.cat(likely).mean(dim=0) * torch.cat(chosen).mean(dim=0)).sum()
    else:
        pairs = zip(likely, chosen, strict=True)
        balance = sum(5 * (p.mean(dim=0) * f.mean(dim=0)).sum() for p, f in pairs)
        balance /= len(likely) if over == "mean" else 1
    torch.testing.assert_close(whole - plain, 0.01 * balance, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("method", BLOCKS)
def test_padding_does_not_count_in_the_balance(settings_of, utterances, method):
    model = scrambled(settings_of(method=method, mome=MomeSettings(5, 1, 2, 3, balance=10.0)))
    targets = [model.targets(utterance) for utterance in utterances]
    positions = model.positions(utterances, SCALE)
    row = int(positions.belongs[..., 0].sum(dim=1).argmin())
    length = int(positions.belongs[row, :, 0].sum())
    assert length < positions.belongs.shape[1]
    with torch.no_grad():
        plain = model.loss([utterances[row]], SCALE)
    alone = model.loss([utterances[row]], SCALE) - plain
    embed = model.llm.get_input_embeddings()
    inputs = [*model.prefixes([utterances[row]], SCALE), embed(torch.tensor(targets[row][:-1]))]
    padded = Positions(
        (SCALE,),
        F.pad(torch.ones(1, length, 1), (0, 0, 0, 7)).bool(),
        F.pad(positions.kinds[row : row + 1, :length], (0, 7)),
    )
    with model.adapter.describe(padded):
        rows = F.pad(torch.cat(inputs), (0, 0, 0, 7), value=3.0)[None]
        model.llm.get_decoder()(inputs_embeds=rows, use_cache=False)
    torch.testing.assert_close(model.adapter.extra_loss(), alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("method", BLOCKS)
def test_without_gradients_there_is_no_balance_loss(settings_of, utterances, method):
    models = [
        scrambled(settings_of(method=method, mome=MomeSettings(5, 1, 2, 3, balance=balance)))
        for balance in (0.0, 10.0)
    ]
    with torch.no_grad():
        first, second = (model.loss(utterances, SCALE).item() for model in models)
    assert first == second
    assert models[0].loss(utterances, SCALE).item() == pytest.approx(first, abs=1e-6)
    assert models[1].loss(utterances, SCALE).item() > first + 1


def test_routing_is_counted_per_layer_scale_and_kind(settings_of, utterances):
    model = scrambled(settings_of(method="mome-mhsa"))
    scales = [Scale(2, 1), Scale(4, 3)]
    with torch.no_grad(), model.adapter.record_routing() as uses:
        for scale in scales:
            model.loss(utterances, scale)
    assert set(uses) == {
        (layer, scale, kind)
        for layer in range(2)
        for scale in scales
        for kind in ("text", "audio", "video")
    }
    for (_, scale, kind), counts in uses.items():
        assert counts.shape == (5,)
        if kind != "text":
            tokens = sum(max(len(u.tokens[kind]) // scale.rates[kind], 1) for u in utterances)
            assert counts.sum() == 2 * tokens
    before = {key: counts.clone() for key, counts in uses.items()}
    with torch.no_grad():
        model.loss(utterances, scales[0])
    assert all(counts.equal(before[key]) for key, counts in uses.items())


def test_a_pass_may_hold_several_scales_and_shared_tokens(settings_of):
    model = scrambled(settings_of(method="mome-ffn"))
    scales = (Scale(2, 1), Scale(2, 3))
    belongs = torch.tensor([[[1, 1], [1, 1], [1, 0], [0, 1]]]).bool()
    kinds = torch.tensor([[0, 1, 2, 2]])
    with (
        model.adapter.record_routing() as uses,
        model.adapter.describe(Positions(scales, belongs, kinds)),
    ):
        model.llm.get_decoder()(input_ids=IDS, use_cache=False)
    both = model.adapter.extra_loss()
    assert uses[0, scales[0], "audio"].equal(uses[0, scales[1], "audio"])
    assert uses[1, scales[0], "video"].sum() == 2
    singles = []
    for number, scale in enumerate(scales):
        with model.adapter.describe(Positions((scale,), belongs[..., number : number + 1], kinds)):
            model.llm.get_decoder()(input_ids=IDS, use_cache=False)
        singles.append(model.adapter.extra_loss())
    torch.testing.assert_close(both, sum(singles) / 2)


def test_separate_routers_share_their_experts(settings_of, utterances):
    settings = settings_of(method="mome-ffn", mome=MomeSettings(5, 1, 2, 3, router="per_scale"))
    model = scrambled(settings)
    assert model.adapter.weights(SCALE) == "a4_v3"
    model.loss(utterances, SCALE).backward()
    reached = {name for name, p in model.adapter.named_parameters() if p.grad is not None}
    routers = {name for name in reached if name.startswith("routers.")}
    assert routers == {f"routers.{layer}.a4_v3.weight" for layer in range(2)}
    assert {name for name in reached - routers if name.endswith("up")} == {
        f"experts.{layer}.up" for layer in range(2)
    }
    shared = scrambled(settings_of(method="mome-ffn")).adapter
    assert {shared.weights(scale) for scale in model.settings.scales} == {"shared"}
    assert shared.active_parameters(SCALE) == model.adapter.active_parameters(SCALE)


def test_active_parameters_are_k_and_shared_experts_and_the_router(settings_of):
    adapter = MatryoshkaModel(settings_of(method="mome-layer"), DIMS).adapter
    expert = 2 * 16 * 3 + 3 + 16
    assert adapter.active_parameters(SCALE) == 2 * ((2 + 1) * expert + 5 * 16)
    assert count_parameters(adapter.trainable()) == 2 * ((5 + 1) * expert + 5 * 16)


@pytest.mark.parametrize("method", BLOCKS)
def test_what_is_saved_is_read_back(settings_of, utterances, method, tmp_path):
    model = scrambled(settings_of(method=method))
    model.save(tmp_path)
    other = MatryoshkaModel(settings_of(method=method, seed=1), DIMS)
    other.load(tmp_path)
    with torch.no_grad():
        assert model.loss(utterances, SCALE) == other.loss(utterances, SCALE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "mome-mhsa"}, "method is 'mome-ffn', but.*'mome-mhsa'"),
        ({"mome": MomeSettings(6, 1, 2, 3)}, "experts is 'r5k2s1b3'.*'r6k2s1b3'.*run.json"),
        ({"audio_rates": (2, 8)}, r"scales is \['a2_v1'.*a8_v3"),
        ({"layers": 3}, "layers is 2.*has 3"),
        ({"hidden": 32}, "hidden is 16.*has 32"),
    ],
)
def test_weights_of_another_model_are_refused(settings_of, tmp_path, change, message):
    llm = {
        name: change.pop(name) for name in ("layers", "hidden") if name in (change := {**change})
    }
    scrambled(settings_of(method="mome-ffn")).adapter.save(tmp_path)
    if llm:
        change["llm"] = str(save_llm(tmp_path / "llm", **llm))
    other = MatryoshkaModel(settings_of(**{"method": "mome-ffn", **change}), DIMS)
    with pytest.raises(InputError, match=message):
        other.adapter.load(tmp_path)


def test_missing_weights_are_named(settings_of, tmp_path):
    adapter = MatryoshkaModel(settings_of(method="mome-ffn"), DIMS).adapter
    with pytest.raises(InputError, match=r"mome.safetensors is missing.*train again"):
        adapter.load(tmp_path)
