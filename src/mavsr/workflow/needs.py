"""Which features the configured experiments ask for."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mavsr.config.config import Config
from mavsr.config.noise import TESTED
from mavsr.model.named import Model
from mavsr.noise.condition import BABBLE, cached_as, parts
from mavsr.workflow.evaluations import Evaluation
from mavsr.workflow.experiments import all_evaluations
from mavsr.workflow.paths import SPLITS


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


def made_views(config: Config) -> list[str]:
    """Views that the rules make: those of training, or one that nobody asks for.

    A rule must have outputs, also where training encodes its own views.
    """
    return training_views(config) or ["view_0"]


def wanted_caches(config: Config) -> list[Cache]:
    """What models are trained, validated and tested on, without repetitions, sorted."""
    found = set()
    views = training_views(config)
    for evaluation in all_evaluations(config):
        model = evaluation.model
        for modality, encoder in model.encoders:
            condition = cached_as(evaluation.condition, modality)
            found.add(Cache(encoder, evaluation.corpus, "test", condition))
            found |= {
                Cache(encoder, corpus, split, condition)
                for split, names in (("train", views), ("val", ["clean"]))
                for corpus in trained_on(model)
                for condition in names
            }
    return sorted(found)


def trained_on(model: Model) -> tuple[str, ...]:
    """Corpora that a model is trained on here; none if it is imported."""
    return () if model.imported else model.corpora


def used_splits(wanted: Iterable[Evaluation]) -> dict[str, tuple[str, ...]]:
    """Corpus that is trained or tested on -> its splits that are used; sorted."""
    found: dict[str, set[str]] = {}
    for evaluation in wanted:
        found.setdefault(evaluation.corpus, set()).add("test")
        for corpus in trained_on(evaluation.model):
            found.setdefault(corpus, set()).update(("train", "val"))
    return {
        corpus: tuple(split for split in SPLITS if split in found[corpus])
        for corpus in sorted(found)
    }


def needed_splits(config: Config, wanted: Iterable[Evaluation]) -> dict[str, tuple[str, ...]]:
    """Corpus -> its splits without whose clips a job would stop: those used, or made noise of."""
    wanted = list(wanted)
    used = used_splits(wanted)
    found = {corpus: set(splits) for corpus, splits in used.items()}
    heard = {
        (part.noise, e.corpus)
        for e in wanted
        for part in parts(e.condition)
        if part.kind == "snr" and "audio" in e.scale.rates
    }
    for noise, corpus in heard:
        if noise != BABBLE:
            talking = config.noises[noise].corpus
            if talking not in (None, TESTED):
                found.setdefault(str(talking), set()).add("test")
        elif config.noise.babble is None:
            found.setdefault(voices(config, used, corpus), set()).add("train")
    return {corpus: tuple(s for s in SPLITS if s in splits) for corpus, splits in found.items()}


def voices(config: Config, used: Mapping[str, Sequence[str]], corpus: str) -> str:
    """The corpus whose training voices are the babble of a corpus where no recording is given.

    Its own, unless it is tested on alone: then those of `setup`, or of the first by name.

    Args:
        config: checked.
        used: see :func:`used_splits`.
        corpus: whose clips are mixed with it.
    """
    trained = [name for name, splits in used.items() if "train" in splits]
    if corpus in trained or corpus not in used or not trained:
        return corpus
    common = config.setup.trained[0][0]
    return common if common in trained else trained[0]


def pool_size(wanted: Iterable[Evaluation], encoder: str, corpus: str) -> int:
    """Audio tokens that one stored mean stands for: the divisor of all rates that hear them."""
    rates = [
        rate
        for evaluation in wanted
        if corpus in (evaluation.corpus, *trained_on(evaluation.model))
        and ("audio", encoder) in evaluation.model.encoders
        for rate in evaluation.model.settings.rates("audio")
    ]
    return math.gcd(*rates) or 1


def pooling(config: Config, wanted: Iterable[Evaluation], encoder: str, corpus: str) -> int:
    """Tokens behind each one that is stored: 1, save for audio under ``features.store: pooled``."""
    hears = config.encoders[encoder].modality == "audio"
    pooled = hears and config.features.store == "pooled"
    return pool_size(wanted, encoder, corpus) if pooled else 1
