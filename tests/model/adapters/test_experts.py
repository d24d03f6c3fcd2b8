"""The grouped products against a plain loop over experts, and the balance loss by hand."""

import pytest
import torch
from torch.nn import functional as F

from mavsr.errors import InputError
from mavsr.model.adapters.experts import Experts, Router, balance_loss, usage
from mavsr.model.adapters.settings import MomeSettings

WIDTH = 6
SIZES = {
    "paper-like": {"routed": 7, "shared": 1, "top_k": 3, "bottleneck": 4},
    "no shared expert": {"routed": 5, "shared": 0, "top_k": 2, "bottleneck": 3},
    "two shared": {"routed": 5, "shared": 2, "top_k": 2, "bottleneck": 3},
    "all experts chosen": {"routed": 4, "shared": 1, "top_k": 4, "bottleneck": 2},
    "bottleneck 1": {"routed": 4, "shared": 1, "top_k": 2, "bottleneck": 1},
    "one expert": {"routed": 1, "shared": 0, "top_k": 1, "bottleneck": 5},
    "renormalised": {"routed": 6, "shared": 1, "top_k": 2, "bottleneck": 3, "renormalise": True},
}


def build(**sizes):
    torch.manual_seed(0)
    settings = MomeSettings(**sizes)
    experts, router = Experts(WIDTH, settings), Router(WIDTH, settings)
    for parameter in (*experts.parameters(), *router.parameters()):
        torch.nn.init.normal_(parameter)
    return settings, experts.double(), router.double()


def loop(settings, experts, router, tokens):
    """Token by token and expert by expert, as the formula has it."""
    rows = []
    for token in tokens.flatten(0, -2):
        probabilities = F.softmax(router.weight @ token, dim=0)
        best = probabilities.topk(settings.top_k).indices.tolist()
        total = sum(probabilities[i] for i in best) if settings.renormalise else 1.0
        chosen = [(i, probabilities[i] / total) for i in best]
        chosen += [(settings.routed + i, 1.0) for i in range(settings.shared)]
        row = torch.zeros_like(token)
        b = settings.bottleneck
        for i, gate in chosen:
            part = slice(i * b, (i + 1) * b)
            hidden = F.gelu(experts.down.weight[part] @ token + experts.down.bias[part])
            row = row + gate * (hidden @ experts.up[part] + experts.up_bias[i])
        rows.append(row)
    return torch.stack(rows).view_as(tokens)


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_grouped_products_equal_a_loop_over_experts(sizes, monkeypatch):
    # The router works in float32 by design; here only the sums are under test.
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    settings, experts, router = build(**sizes)
    tokens = torch.randn(2, 5, WIDTH, dtype=torch.float64, requires_grad=True)
    _, chosen, gates = router.route(tokens)
    assert (chosen.sum(-1) == settings.top_k).all()
    output, expected = experts(tokens, gates), loop(settings, experts, router, tokens)
    torch.testing.assert_close(output, expected, atol=1e-6, rtol=0)
    wanted = [tokens, *experts.parameters(), *router.parameters()]
    target = torch.randn_like(output)
    ours, theirs = (
        torch.autograd.grad((value * target).sum(), wanted, allow_unused=True)
        for value in (output, expected)
    )
    for one, other, tensor in zip(ours, theirs, wanted, strict=True):
        assert one is not None
        other = torch.zeros_like(tensor) if other is None else other
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)


def test_bfloat16_computation_chooses_the_experts_of_float32():
    torch.manual_seed(0)
    router = Router(64, MomeSettings(routed=23, top_k=4))
    tokens = torch.randn(500, 64)
    expected = router.route(tokens)
    with torch.autocast("cpu", torch.bfloat16):
        found = router.route(tokens)
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.equal(ours, theirs)


def test_ties_choose_exactly_k_experts():
    settings, experts, router = build(routed=6, shared=1, top_k=2, bottleneck=3)
    torch.nn.init.zeros_(router.weight)
    tokens = torch.randn(4, WIDTH, dtype=torch.float64)
    probabilities, chosen, gates = router.route(tokens)
    assert (probabilities == probabilities[0, 0]).all()
    assert (chosen.sum(-1) == 2).all()
    assert ((gates > 0) == (chosen > 0)).all()
    torch.testing.assert_close(
        experts(tokens, gates), loop(settings, experts, router, tokens), atol=1e-6, rtol=0
    )


def test_fresh_experts_add_nothing():
    settings = MomeSettings(routed=4, shared=1, top_k=2, bottleneck=3)
    experts, router = Experts(WIDTH, settings), Router(WIDTH, settings)
    tokens = torch.randn(3, WIDTH)
    assert experts(tokens, router.route(tokens)[2]).abs().max() == 0


PROBABILITIES = torch.tensor([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
CHOSEN = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])


def test_use_by_hand():
    # Scale 0 has the first two tokens, scale 1 all of them, scale 2 none.
    belongs = torch.tensor([[1, 1, 0], [1, 1, 0], [0, 1, 0]]).bool()
    fractions, means = usage(PROBABILITIES, CHOSEN, belongs)
    torch.testing.assert_close(
        fractions, torch.tensor([[1.0, 1.0, 0.0], [2 / 3, 1.0, 1 / 3], [0.0, 0.0, 0.0]])
    )
    torch.testing.assert_close(
        means, torch.tensor([[0.6, 0.25, 0.15], [1.3 / 3, 0.6 / 3, 1.1 / 3], [0.0, 0.0, 0.0]])
    )
    assert fractions.sum(dim=-1).tolist() == pytest.approx([2, 2, 0])  # k for a fraction of tokens


def test_use_is_counted_in_float32_under_autocast():
    chosen = torch.ones(1001, 1)
    belongs = torch.arange(1001)[:, None] < 999
    with torch.autocast("cpu", torch.bfloat16):
        fractions, means = usage(0.3 * chosen, chosen, belongs)
    assert (fractions.dtype, fractions.item()) == (torch.float32, 1.0)
    assert means.item() == pytest.approx(0.3, rel=1e-5)


def test_the_balance_loss_by_hand():
    first = torch.tensor([[1.0, 1.0, 0.0]]), torch.tensor([[0.6, 0.25, 0.15]])
    second = torch.tensor([[0.0, 1.0, 1.0]]), torch.tensor([[0.2, 0.2, 0.6]])
    fractions, means = (torch.stack(part) for part in zip(first, second, strict=True))
    ones = 3 * (0.6 + 0.25), 3 * (0.2 + 0.6)
    pooled = 3 * (0.5 * 0.4 + 1.0 * 0.225 + 0.5 * 0.375)
    found = {over: balance_loss(fractions, means, over).item() for over in OVER}
    assert found == pytest.approx({"pooled": pooled, "layers": sum(ones), "mean": sum(ones) / 2})


OVER = ("pooled", "layers", "mean")


@pytest.mark.parametrize(("over", "times"), [("pooled", 1), ("layers", 4), ("mean", 1)])
def test_even_use_gives_k_and_the_same_k_experts_for_all_give_their_number(over, times):
    k, count = 2, 6
    even = torch.full((4, 1, count), k / count), torch.full((4, 1, count), 1 / count)
    assert balance_loss(*even, over).item() == pytest.approx(times * k)
    same = torch.eye(count)[:k].sum(dim=0).expand(4, 1, count)
    assert balance_loss(same, same / k, over).item() == pytest.approx(times * count)


def test_pooled_layers_may_each_prefer_experts_of_their_own():
    turns = torch.eye(6)[:, None, :]  # six layers, one expert each
    assert balance_loss(turns, turns, "pooled").item() == pytest.approx(1)
    assert balance_loss(turns, turns, "mean").item() == pytest.approx(6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"top_k": 24}, "top_k is 24, but there are only 23 routed experts; lower"),
        ({"top_k": 0}, "mome.top_k is 0"),
        ({"routed": 2.5}, "mome.routed is 2.5"),
        ({"shared": -1}, "mome.shared is -1"),
        ({"bottleneck": 0}, "mome.bottleneck is 0"),
        ({"balance": -0.1}, "mome.balance is -0.1"),
        ({"balance": float("nan")}, "mome.balance is nan"),
        (
            {"balance_over": "all"},
            "mome.balance_over is 'all': choose 'pooled', 'layers' or 'mean'",
        ),
        ({"router": "none"}, "mome.router is 'none': choose 'shared' or 'per_scale'"),
        ({"scale_weights": (("4,2", 1.0),)}, "scale '4,2': write it like a4_v2"),
        ({"scale_weights": (("a4_v2", -1.0),)}, "the weight of a4_v2 is -1.0"),
        ({"scale_weights": (("a4", 1.0), ("a4", 2.0))}, "each scale once"),
    ],
)
def test_sizes_are_checked_when_made(change, message):
    with pytest.raises(InputError, match=message):
        MomeSettings(**change)


@pytest.mark.parametrize(
    ("section", "code"),
    [
        ({}, "r23k4s1b12"),
        ({"routed": 4, "top_k": 2, "shared": 0, "bottleneck": 24}, "r4k2s0b24"),
        ({"balance": 0.1, "router": "per_scale"}, "r23k4s1b12-lb0.1-separate"),
        ({"renormalise": True}, "r23k4s1b12-renorm"),
        ({"balance_over": "layers"}, "r23k4s1b12-lblayers"),
        ({"scale_weights": {"a4_v5": 0.5, "a16_v2": 1.5}}, "r23k4s1b12-c_a16_v2x1.5_a4_v5x0.5"),
    ],
)
def test_the_code_says_what_differs(section, code):
    assert MomeSettings(**section).code == code
