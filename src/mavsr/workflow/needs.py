"""Which features the configured experiments ask for."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from mavsr.config.config import Config
from mavsr.model.named import Model
from mavsr.noise.condition import cached_as
from mavsr.workflow.experiments import all_evaluations


@dataclass(frozen=True, order=True)
class Cache:
    """The features of one split by one encoder under one condition."""

    encoder: str
    corpus: str
    split: str
    condition: str


def training_views(config: Config) -> list[str]:
    """Conditions under which the training split is cached; none if training encodes its own."""
    views = config.features.views if config.features.mode == "cached" else 0
    return [f"view_{number}" for number in range(views)]


def wanted_caches(config: Config) -> list[Cache]:
    """What models are trained, validated and tested on, without repetitions, sorted."""
    found = set()
    views = training_views(config)
    for evaluation in all_evaluations(config):
        model = evaluation.model
        for modality, encoder in model.encoders:
            conditions = {"test": [cached_as(evaluation.condition, modality)]}
            if not model.imported:
                conditions |= {"train": views, "val": ["clean"]}
            found |= {
                Cache(encoder, model.corpus, split, condition)
                for split, names in conditions.items()
                for condition in names
            }
    return sorted(found)


def pool_size(models: Iterable[Model], encoder: str, corpus: str) -> int:
    """Audio tokens that one stored mean stands for: the divisor of all rates that hear them."""
    rates = [
        rate
        for model in models
        if model.corpus == corpus and ("audio", encoder) in model.encoders
        for rate in model.settings.rates("audio")
    ]
    return math.gcd(*rates) or 1


def pooling(config: Config, models: Iterable[Model], encoder: str, corpus: str) -> int:
    """Tokens behind each one that is stored: 1, save for audio under ``features.store: pooled``."""
    hears = config.encoders[encoder].modality == "audio"
    pooled = hears and config.features.store == "pooled"
    return pool_size(models, encoder, corpus) if pooled else 1
