"""What a config asks for, worked out once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from mavsr.config.config import Config
from mavsr.model.named import Model
from mavsr.workflow.evaluations import Evaluation, models_of
from mavsr.workflow.experiments import evaluations_by_experiment
from mavsr.workflow.needs import needed_splits, pool_size, used_splits, voices


@dataclass(frozen=True)
class Asked:
    """A config, its models and its evaluations."""

    config: Config

    @cached_property
    def by_experiment(self) -> Mapping[str, list[Evaluation]]:
        """Name of an experiment -> what it decodes."""
        return evaluations_by_experiment(self.config)

    @cached_property
    def evaluations(self) -> list[Evaluation]:
        """Of every experiment, without repetitions."""
        return list(dict.fromkeys(e for found in self.by_experiment.values() for e in found))

    @cached_property
    def models(self) -> dict[str, Model]:
        """Name -> model.

        Raises:
            InputError: see :func:`models_of`.
        """
        return models_of(self.evaluations)

    @cached_property
    def trained(self) -> list[str]:
        """Names of the models that are trained here, not imported."""
        return [name for name, model in self.models.items() if not model.imported]

    @cached_property
    def used(self) -> dict[str, tuple[str, ...]]:
        """Corpus that a model is trained or tested on -> its splits that are used; sorted."""
        return used_splits(self.evaluations)

    @cached_property
    def needed(self) -> dict[str, tuple[str, ...]]:
        """Corpus -> its splits that must have clips (:func:`needed_splits`)."""
        return needed_splits(self.config, self.evaluations)

    @cached_property
    def corpora(self) -> list[str]:
        """Names of the corpora that a model is trained or tested on, sorted."""
        return list(self.used)

    def voices(self, corpus: str) -> str:
        """The corpus whose training voices are the babble of a corpus (:func:`voices`)."""
        return voices(self.config, self.used, corpus)

    def first_tested(self, model: str) -> str:
        """The first corpus that a model is tested on; pages show its clips."""
        return next(e.corpus for e in self.evaluations if e.model.name == model)

    def tested(self, model: str, at: str) -> str:
        """The corpus of a hypothesis file (:attr:`Evaluation.at`)."""
        return at.removeprefix("@") or self.models[model].corpus

    @cached_property
    def heard_clean(self) -> list[str]:
        """Names of the corpora of which a model decodes clean clips, sorted."""
        return sorted({e.corpus for e in self.evaluations if e.condition == "clean"})

    @cached_property
    def made(self) -> list[str]:
        """Names of the corpora that the workflow makes."""
        return [name for name, c in self.config.corpora.items() if c.kind == "portrait"]

    def is_ready(self, corpus: str) -> bool:
        """Whether a corpus' videos are crops already."""
        return self.config.corpora[corpus].kind == "crops"

    @cached_property
    def fetched(self) -> list[str]:
        """Names of the corpora that the workflow downloads."""
        return [name for name, c in self.config.corpora.items() if c.download]

    @cached_property
    def _pools(self) -> dict[tuple[str, str], int]:
        return {}

    def pool(self, encoder: str, corpus: str) -> int:
        """Audio tokens that one stored mean stands for (:func:`pool_size`)."""
        key = encoder, corpus
        if key not in self._pools:
            self._pools[key] = pool_size(self.evaluations, encoder, corpus)
        return self._pools[key]
