"""Input functions: what is read of a model, trained here or imported."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from snakemake.exceptions import WorkflowError

from mavsr.checkpoints import LLM
from mavsr.model.scales import Scale
from mavsr.noise.condition import cached_as
from mavsr.workflow import paths
from mavsr.workflow.asked import Asked
from mavsr.workflow.decoded_inputs import Function
from mavsr.workflow.needs import training_views
from mavsr.workflow.noise_inputs import check_noises
from mavsr.workflow.weights import weight_files


class ModelInputs:
    """Those that need the config."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked

    def run(self, wildcards: Any) -> list[str]:
        """A model's record; that of an imported one if it is there.

        No rule makes it. Were it an input all the same, Snakemake would take what there is of later
        results for sources. So a dry run shows what its absence asks for, and a real one stops
        (:mod:`mavsr.workflow.preflight`).
        """
        return self._of_model(wildcards["model"], paths.RUN)

    def weights(self, wildcards: Any) -> list[str]:
        """A model's weights; those of an imported one as far as they are there."""
        return self._of_model(wildcards["model"], paths.PROJECTORS, paths.ADAPTERS)

    def _of_model(self, model: str, *patterns: str) -> list[str]:
        files = [pattern.format(model=model) for pattern in patterns]
        imported = self.asked.models[model].imported
        return [file for file in files if not imported or Path(file).exists()]

    def llm_files(self, wildcards: Any) -> list[str]:
        """What is known of the files behind a model's LLM."""
        llm = self.asked.models[wildcards["model"]].llm
        return weight_files(self.asked.config.llms[llm].path, LLM)

    def manifest(self, split: str) -> Function:
        """Input function: manifests of the corpora that a model is trained or tested on."""
        return lambda wildcards: [
            paths.MANIFEST.format(corpus=corpus, split=split)
            for corpus in self._corpora(wildcards, split)
        ]

    def _corpora(self, wildcards: Any, split: str) -> Sequence[str]:
        """The corpora of a model's training and validation, or the one of a test."""
        model = wildcards["model"]
        if split == "test":
            return [self.asked.tested(model, wildcards.get("at", ""))]
        return self.asked.models[model].corpora

    def features(
        self, modality: str, split: str, conditions: Callable[[Asked, Any], list[str]]
    ) -> Function:
        """Input function: the indexes of a model's features, of each corpus one per condition.

        Args:
            modality: audio or video; nothing is returned for a task that lacks it, or for a job at
                one scale that does.
            split: train, val or test.
            conditions: :func:`views`, :func:`clean`, :func:`heard` or :func:`seen`.
        """

        def indexes(wildcards: Any) -> list[str]:
            model = self.asked.models[wildcards["model"]]
            encoder = dict(model.encoders).get(modality)
            scale = dict(wildcards.items()).get("scale")
            if scale and modality not in Scale.parse(scale).rates:
                return []
            return [
                paths.FEATURES_INDEX.format(
                    encoder=encoder, corpus=corpus, split=split, condition=condition
                )
                for corpus in self._corpora(wildcards, split)
                for condition in (conditions(self.asked, wildcards) if encoder else [])
            ]

        return indexes

    def losses(self) -> list[str]:
        """The picture of validation losses, if a model is trained here."""
        return [f"{paths.LOSSES}.png"] if self.asked.trained else []

    def metrics(self, wildcards: Any) -> list[str]:
        """The validation losses of all models."""
        if not self.asked.trained:
            raise WorkflowError("no model is trained here, so there are no losses to be drawn")
        return [paths.METRICS.format(model=name) for name in self.asked.trained]


def views(asked: Asked, wildcards: Any) -> list[str]:
    """Conditions of the training split; none where training encodes its own."""
    return training_views(asked.config)


def clean(asked: Asked, wildcards: Any) -> list[str]:
    """Condition of the validation split."""
    return ["clean"]


def heard(asked: Asked, wildcards: Any) -> list[str]:
    """Condition of the audio under test."""
    check_noises(asked, wildcards["condition"])
    return [cached_as(wildcards["condition"], "audio")]


def seen(asked: Asked, wildcards: Any) -> list[str]:
    """Condition of the video under test."""
    return [cached_as(wildcards["condition"], "video")]
