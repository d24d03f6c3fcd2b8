"""Cached features for notebooks: the tokens of a clip as an array."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch

from mavsr.features.cache import FeatureCache
from mavsr.features.header import MadeBy


class Features(Mapping[str, np.ndarray]):
    """Key -> tokens (tokens, dim) of a clip, read from its shard when asked for.

    Args:
        cache: of one encoder, split and condition.
    """

    def __init__(self, cache: FeatureCache) -> None:
        self._cache = cache

    def __getitem__(self, key: str) -> np.ndarray:
        """Tokens (tokens, dim) as they are stored; bfloat16, which NumPy lacks, as float32.

        Raises:
            KeyError: there is no such clip.
            InputError: the shard is damaged or missing.
        """
        tokens = self._cache[key]
        return (tokens.float() if tokens.dtype == torch.bfloat16 else tokens).numpy()

    def __iter__(self) -> Iterator[str]:
        return iter(self._cache.keys)

    def __len__(self) -> int:
        return len(self._cache)

    @property
    def lengths(self) -> dict[str, int]:
        """Key -> how many tokens the clip has, without reading them."""
        return self._cache.tokens

    @property
    def made_by(self) -> MadeBy:
        """SHA-256 of the encoder's weights, and the settings that made these tokens."""
        return self._cache.made_by


def read_features(index: str | Path) -> Features:
    """Cached features of one split: a mapping from a clip's key to its tokens.

    Args:
        index: ``results/features/<encoder>/<corpus>/<split>/<condition>/index.json``, or its
            folder.

    Raises:
        InputError: the features are not complete, or the table beside them is damaged.
    """
    place = Path(index)
    return Features(FeatureCache(place.parent if place.name == "index.json" else place))
