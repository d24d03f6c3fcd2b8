"""The LoRAs in a checkpoint's AV-HuBERT: of queries and values, in every layer or in none.

They are merged into the weights that they add to, as features are made by a plain AV-HuBERT. One
that is left out changes every feature without a word, so what does not fit is refused.
"""

import re
from collections.abc import Mapping

import torch

FACTOR = 2
"""Of the LoRAs (public code)."""
_LORA = re.compile(r"(encoder\.layers\.\d+)\.self_attn\.lora_(down|up)_([QV])\.weight")
_LAYER = re.compile(r"(encoder\.layers\.\d+)\..+")


def lora_trouble(tensors: Mapping[str, torch.Tensor]) -> str:
    """What is wrong with the LoRAs among AV-HuBERT's tensors (fairseq's names); "" if nothing."""
    loras = [name for name in tensors if ".lora_" in name]
    if odd := next((name for name in loras if not _LORA.fullmatch(name)), None):
        return f"{odd}, which no known AV-HuBERT has"
    layers = {found[1] for name in tensors if (found := _LAYER.fullmatch(name))}
    for stem in sorted(f"{layer}.self_attn" for layer in layers) if loras else ():
        for matrix in "QV":
            down, up, whole = _named(stem, matrix)
            if lacking := [name for name in (down, up, whole) if name not in tensors]:
                return f"LoRAs, but no {lacking[0]}"
            down_shape, up_shape, shape = (tuple(tensors[n].shape) for n in (down, up, whole))
            rank = down_shape[:1]
            if len(shape) != 2 or (up_shape, down_shape) != (shape[:1] + rank, rank + shape[1:]):
                return f"{up} {up_shape} and {down} {down_shape}, which do not fit {whole} {shape}"
    return ""


def merged(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights of AV-HuBERT with W + 2 U D in place of W and its LoRA, for queries and values.

    D (rank, d) is the down-projection, U (d, rank) the up-projection. :func:`lora_trouble` has
    nothing against them.
    """
    plain = {name: tensor for name, tensor in tensors.items() if ".lora_" not in name}
    for name in tensors:
        if (found := _LORA.fullmatch(name)) and found[2] == "down":
            down, up, whole = _named(f"{found[1]}.self_attn", found[3])
            added = FACTOR * tensors[up].float() @ tensors[down].float()
            plain[whole] = plain[whole].float() + added
    return plain


def _named(stem: str, matrix: str) -> tuple[str, str, str]:
    """Names of D, U and W of one matrix, ``Q`` or ``V``."""
    lora = [f"{stem}.lora_{side}_{matrix}.weight" for side in ("down", "up")]
    return lora[0], lora[1], f"{stem}.{matrix.lower()}_proj.weight"
