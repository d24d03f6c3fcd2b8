"""The grouped products against a plain loop over experts, and the balance loss by hand."""

import pytest
import torch
from torch.nn import functional as F

from mavsr.errors import InputError
from mavsr.model.adapters.experts import Experts, Router, balance_loss
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


def test_the_balance_loss_by_hand():
    probabilities = torch.tensor([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    chosen = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    # Scale 0 has the first two tokens, scale 1 all of them, scale 2 none.
    belongs = torch.tensor([[1, 1, 0], [1, 1, 0], [0, 1, 0]]).bool()
    first = 3 * (0.6 * 2 / 4 + 0.25 * 2 / 4)
    both = 3 * (1.3 / 3 * 2 / 6 + 0.6 / 3 * 3 / 6 + 1.1 / 3 * 1 / 6)
    torch.testing.assert_close(
        balance_loss(probabilities, chosen, belongs), torch.tensor([first, both, 0.0])
    )


def test_the_balance_loss_lies_between_one_and_experts_over_k():
    even = torch.full((6, 3), 1 / 3)
    turns = torch.eye(3).repeat(2, 1)
    belongs = torch.ones(6, 1).bool()
    assert balance_loss(even, turns, belongs).item() == pytest.approx(1)
    one = torch.eye(3)[[0] * 6]
    assert balance_loss(one, one, belongs).item() == pytest.approx(3)


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
        ({"scale_weights": {"a4_v5": 0.5, "a16_v2": 1.5}}, "r23k4s1b12-c_a16_v2x1.5_a4_v5x0.5"),
    ],
)
def test_the_code_says_what_differs(section, code):
    assert MomeSettings(**section).code == code
