"""The map from compressed encoder tokens into the LLM's embedding space."""

from torch import nn


class Projector(nn.Sequential):
    """Linear, ReLU, Linear, and a LayerNorm if asked for: (..., d_in) -> (..., d_out).

    Source: Llama-MTSK, Sec. 3.1.

    Args:
        d_in: width of a compressed token.
        hidden: width between the two linear maps (2048 in the public code).
        d_out: hidden size of the LLM.
        layer_norm: end with a LayerNorm (on for Llama-MTSK in the public code, off for Llama-AVSR).
    """

    def __init__(self, d_in: int, hidden: int, d_out: int, layer_norm: bool):
        layers: list[nn.Module] = [nn.Linear(d_in, hidden), nn.ReLU(), nn.Linear(hidden, d_out)]
        if layer_norm:
            layers.append(nn.LayerNorm(d_out))
        super().__init__(*layers)
