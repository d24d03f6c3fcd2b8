"""Randomness that is a function of names.

Every random choice of the data stages is drawn from ``generator(seed, key, view, ...)``. So the
augmentation of a clip does not depend on its shard, on the number of workers or on what ran
before it.
"""

import hashlib

import numpy as np


def derive_seed(*names: str | int) -> int:
    """A 63-bit seed that depends on all ``names`` and their order, and on nothing else."""
    digest = hashlib.sha256("\x1f".join(map(str, names)).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def generator(*names: str | int) -> np.random.Generator:
    """A fresh numpy generator seeded by ``names``."""
    return np.random.default_rng(derive_seed(*names))
