"""A sparse mixture of small experts, computed by two matrix products (MoME, Sec. 3).

    MoME(h) = sum_shared E_s(h) + sum_{i in top-k} g_i E_i(h),   E(h) = W_up gelu(W_down h + b) + c

An expert is so narrow (b = 12 where h has 3,072) that doing all of them costs little beside the
LLM: all hidden units side by side, those of unchosen experts multiplied by a gate of 0. That is
exact, has neither a loop over experts nor a gather or scatter of tokens, and fills a matrix unit.
"""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from mavsr.config.mome import BalanceOver
from mavsr.model.adapters.settings import MomeSettings


class Router(nn.Linear):
    """One linear layer without bias, softmax, and the k experts it likes best.

    Args:
        width: d of the tokens.
        settings: number of experts, k, and whether gates are renormalised.
    """

    def __init__(self, width: int, settings: MomeSettings):
        super().__init__(width, settings.routed, bias=False)
        self.settings = settings

    def route(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Probabilities, choice and gates of every token, all (..., N_r).

        The choice is 1 at exactly k experts, also where probabilities are equal; gates are the
        probabilities there (divided by their sum if so set) and 0 elsewhere. All is computed in
        float32, under bfloat16 autocast too: close probabilities must not choose otherwise in
        training than in decoding (Switch Transformer, Sec. 2.4, "selective precision").
        """
        with torch.autocast(tokens.device.type, enabled=False):
            logits = F.linear(tokens.float(), self.weight.float())
        probabilities = logits.softmax(dim=-1)
        best = probabilities.topk(self.settings.top_k, dim=-1).indices
        chosen = torch.zeros_like(probabilities).scatter(-1, best, 1.0)
        gates = probabilities * chosen
        if self.settings.renormalise:
            gates = gates / gates.sum(dim=-1, keepdim=True)
        return probabilities, chosen, gates


class Experts(nn.Module):
    """All experts of one layer, the routed ones first: ((..., d), gates (..., N_r)) -> (..., d).

    Up projections start at zero, so that training starts at the frozen LLM.

    Args:
        width: d of the tokens.
        settings: number and bottleneck b of the experts.
    """

    def __init__(self, width: int, settings: MomeSettings):
        super().__init__()
        self.settings = settings
        count = settings.routed + settings.shared
        self.down = nn.Linear(width, count * settings.bottleneck)
        self.up = nn.Parameter(torch.zeros(count * settings.bottleneck, width))
        self.up_bias = nn.Parameter(torch.zeros(count, width))

    def forward(self, tokens: torch.Tensor, gates: torch.Tensor) -> torch.Tensor:
        """The gated sum of the experts' outputs."""
        # Its products are few beside the LLM's, but what lies between them would be kept thrice.
        return checkpoint(
            self._up, self.down(tokens), gates, use_reentrant=False, preserve_rng_state=False
        )

    def _up(self, hidden: torch.Tensor, gates: torch.Tensor) -> torch.Tensor:
        """From hidden units before the GELU (..., experts x b) to the sum."""
        gates = F.pad(gates.to(hidden), (0, self.settings.shared), value=1.0)
        units = F.gelu(hidden).unflatten(-1, (-1, self.settings.bottleneck))
        gated = (units * gates[..., None]).flatten(-2)
        return gates @ self.up_bias + gated @ self.up

    def active_parameters(self) -> int:
        """Weights and biases of the k + N_s experts that act on a token."""
        width = self.down.in_features
        one = 2 * width * self.settings.bottleneck + self.settings.bottleneck + width
        return (self.settings.top_k + self.settings.shared) * one


def usage(
    probabilities: torch.Tensor, chosen: torch.Tensor, belongs: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """How the tokens of each scale use the routed experts of a layer.

    Args:
        probabilities: (..., N_r).
        chosen: (..., N_r), 1 at the k chosen experts.
        belongs: (..., S) bool: to which of S scales a token belongs.

    Returns:
        f and P, both (S, N_r): the fraction of a scale's tokens that are routed to an expert, which
        sums to k over experts, and its mean probability; 0 for a scale without tokens.
    """
    weights = belongs.flatten(0, -2).to(probabilities)
    tokens = weights.sum(dim=0).clamp(min=1)[:, None]
    # Counts in bfloat16 would be off by a few in a thousand.
    with torch.autocast(weights.device.type, enabled=False):
        fractions = weights.T @ chosen.flatten(0, -2) / tokens
        return fractions, weights.T @ probabilities.flatten(0, -2) / tokens


def balance_loss(fractions: torch.Tensor, means: torch.Tensor, over: BalanceOver) -> torch.Tensor:
    """How unevenly experts are used: N_r * sum_n f_n P_n (MoME, Sec. 3.3).

    k for even use and k choices. Where all tokens take the same k experts and like them alike, N_r.

    Args:
        fractions: (layers, S, N_r), f of :func:`usage`.
        means: (layers, S, N_r), P.
        over: what becomes of the layers. ``pooled``: f and P are those of the tokens of all layers
            together, as in the public code of Mixtral, so a layer may prefer few experts if
            others prefer others; ``layers``: the sum of every layer's own loss; ``mean``: its mean.

    Returns:
        (S,), one value per scale; 0 for a scale without tokens.
    """
    if over == "pooled":
        fractions, means = fractions.mean(dim=0, keepdim=True), means.mean(dim=0, keepdim=True)
    losses = fractions.shape[-1] * (fractions * means).sum(dim=-1)
    return losses.mean(dim=0) if over == "mean" else losses.sum(dim=0)
