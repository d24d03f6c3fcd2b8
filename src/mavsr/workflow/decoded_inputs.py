"""Input functions: which hypotheses a job reads, and what was made of them."""

from collections.abc import Callable, Iterable
from typing import Any

from mavsr.report.catalogue import CHOOSING, TABLES
from mavsr.workflow import paths
from mavsr.workflow.asked import Asked
from mavsr.workflow.experiments import choosable

Function = Callable[[Any], list[str]]


class DecodedInputs:
    """The functions that name hypotheses."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked

    def hypotheses(self, pattern: str) -> Function:
        """Input function: an experiment's files of decoded utterances, or those beside them."""
        return lambda wildcards: self._decoded(
            pattern, self.asked.by_experiment.get(wildcards["experiment"], [])
        )

    def all_hypotheses(self, pattern: str) -> list[str]:
        """Likewise of all experiments."""
        return self._decoded(pattern, self.asked.evaluations)

    def validated(self, pattern: str) -> Function:
        """Input function: what was decoded of validation for an experiment, to choose scales by."""
        return lambda wildcards: self._decoded(
            pattern, choosable(self.asked.by_experiment.get(wildcards["experiment"], []))
        )

    def chosen_by(self, pattern: str) -> Function:
        """Input function: a file of the experiment that a table with a choice of scales shows."""

        def files(wildcards: Any) -> list[str]:
            name = wildcards["name"]
            experiment = TABLES[name] if name in CHOOSING else None
            return [pattern.format(experiment=experiment)] if self._chooses(experiment) else []

        return files

    def _chooses(self, experiment: str | None) -> bool:
        return bool(choosable(self.asked.by_experiment.get(experiment or "", [])))

    def tested_clips(self, wildcards: Any) -> list[str]:
        """What says of which clips an experiment's hypotheses must be: manifests, and ledgers."""
        return self._clips(wildcards, "test")

    def validated_clips(self, wildcards: Any) -> list[str]:
        """The same of the validation split."""
        return self._clips(wildcards, "val")

    def _clips(self, wildcards: Any, split: str) -> list[str]:
        wanted = self.asked.by_experiment.get(wildcards["experiment"], [])
        return [
            pattern.format(corpus=corpus, split=split)
            for corpus in sorted({e.model.corpus for e in wanted})
            for pattern in (paths.MANIFEST, paths.LEDGER)
        ]

    def _decoded(self, pattern: str, wanted: Iterable[Any]) -> list[str]:
        return [
            pattern.format(model=e.model.name, condition=e.condition, scale=e.scale.name)
            for e in wanted
        ]
