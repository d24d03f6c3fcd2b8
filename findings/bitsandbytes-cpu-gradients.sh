#!/bin/bash
# bitsandbytes==0.50.2 with torch==2.11.0, on a processor with AVX512-BF16 (on others there is nothing to see; exit 0).
# A Linear4bit passes gradients on until it has computed once in eval mode without gradients, as in any validation
# between epochs. That packs its weight for an inference kernel that has no backward pass, and train() does not undo
# it: from then on inputs get gradients of zero through the layer. PyTorch warns; nothing is raised, and where another
# path runs beside the layer (a residual, a LoRA) training goes on with wrong gradients.
# seen: before: gradient of norm 9.735; after one pass in eval mode, back in training mode: 0.000
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet bitsandbytes==0.50.2 torch==2.11.0 numpy==1.26.4
"$work/venv/bin/python" - <<'P' 2> /dev/null | tee "$work/out"
import bitsandbytes
import torch
from bitsandbytes.functional import has_avx512bf16

torch.manual_seed(0)
layer = bitsandbytes.nn.Linear4bit(128, 64, bias=False, quant_type="nf4").to("cpu")
layer.requires_grad_(False)
inputs = torch.randn(4, 128, requires_grad=True)


def gradient() -> float:
    inputs.grad = torch.zeros_like(inputs)
    layer.train()
    layer(inputs).sum().backward()
    return float(inputs.grad.norm())


before = gradient()
layer.eval()
with torch.no_grad():
    layer(inputs.detach())
if has_avx512bf16():
    print(f"before: {before:.3f}, after: {gradient():.3f}")
else:
    print("a processor without AVX512-BF16")
P
grep -Eqx "before: 9\.[0-9]{3}, after: 0\.000|a processor without AVX512-BF16" "$work/out"
