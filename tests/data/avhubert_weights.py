"""Seeded AV-HuBERT weights, so that a parity case needs no weight file.

`seeded_state_dict(shapes, seed)` fills every tensor of an AV-HuBERT state dict from its name, its
shape and a seed alone. The features in `avhubert_tiny.npz` were computed with the published
AV-HuBERT model holding these weights (fairseq encoder, eval mode, float32), so an implementation
that loads the same state dict must give the same features.
"""

import zlib

import torch


def seeded_tensor(name: str, shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """The tensor called `name`: float32 on the CPU, a function of (name, shape, seed) only."""
    generator = torch.Generator().manual_seed(
        seed * 1_000_003 + zlib.crc32(name.encode()) % 1_000_003
    )
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.long)
    if name.endswith("running_var"):
        return torch.rand(shape, generator=generator) + 0.5
    noise = torch.randn(shape, generator=generator)
    if name.endswith("weight_g"):
        return 1.0 + 0.1 * noise.abs()
    if len(shape) <= 1:
        if ".relu" in name or "frontend3D.2" in name:  # PReLU slopes
            return 0.25 + 0.05 * noise
        if name.endswith("weight"):  # scales of the normalisation layers
            return 1.0 + 0.1 * noise
        return 0.1 * noise  # biases, running means, mask_emb
    fan_in = 1
    for size in shape[1:]:
        fan_in *= size
    return noise * fan_in**-0.5


def seeded_state_dict(shapes: dict[str, tuple[int, ...]], seed: int) -> dict[str, torch.Tensor]:
    """All tensors of a state dict whose names and shapes are `shapes`."""
    return {name: seeded_tensor(name, tuple(shape), seed) for name, shape in shapes.items()}
