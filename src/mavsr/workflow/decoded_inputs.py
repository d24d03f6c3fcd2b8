"""Input functions: which hypotheses a job reads, and what was made of them."""

from collections.abc import Callable, Iterable
from typing import Any

from mavsr.report.catalogue import ALL_FIGURES, ALL_TABLES, Shown, Traced
from mavsr.workflow import paths
from mavsr.workflow.asked import Asked
from mavsr.workflow.evaluations import Evaluation, choosable

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
            for corpus in sorted({e.corpus for e in wanted})
            for pattern in (paths.MANIFEST, paths.LEDGER)
        ]

    def hypotheses_of_model(self, pattern: str) -> Function:
        """Input function: all that a model decoded of its first corpus, or what lies beside it."""

        def files(wildcards: Any) -> list[str]:
            model = wildcards["model"]
            own = [e for e in self.asked.evaluations if e.model.name == model]
            corpus = self.asked.first_tested(model)
            return self._decoded(pattern, [e for e in own if e.corpus == corpus])

        return files

    def hypotheses_of_clips(self, pattern: str) -> Function:
        """Input function: what all models of a corpus made of its clean clips."""
        return lambda wildcards: self._decoded(
            pattern,
            [
                e
                for e in self.asked.evaluations
                if e.corpus == wildcards["corpus"] and e.condition == "clean"
            ],
        )

    def all_hypotheses(self, pattern: str) -> list[str]:
        """Likewise of all experiments."""
        return self._decoded(pattern, self.asked.evaluations)

    def choosable_hypotheses(self, pattern: str) -> Function:
        """Input function: of an experiment's evaluations those that validation is decoded for.

        :func:`mavsr.workflow.evaluations.choosable` says which these are.
        """
        return lambda wildcards: self._decoded(pattern, self._choosable(wildcards["experiment"]))

    def _choosable(self, experiment: str) -> list[Evaluation]:
        return choosable(self.asked.by_experiment.get(experiment, []))

    def measured(self, shown: str, trace: Traced, pattern: str) -> Function:
        """Input function: what was measured of confidence, for tables or figures that show it.

        Args:
            shown: ``table`` or ``figure``.
            trace: ``adaptive``, ``confidence`` or ``scales``.
            pattern: of its file.
        """
        known = ALL_TABLES if shown == "table" else ALL_FIGURES

        def files(wildcards: Any) -> list[str]:
            found = known[wildcards["name"]]
            wanted = found.trace == trace and self.has_choice(found)
            return [pattern.format(experiment=found.experiment)] if wanted else []

        return files

    def compared(self, wildcards: Any) -> list[str]:
        """How far the systems behind a figure differ from the baseline, if it shows that."""
        found = ALL_FIGURES[wildcards["name"]]
        wanted = found.trace == "differences" and self.asked.config.scoring.baseline
        return [paths.COMPARED.format(experiment=found.experiment)] if wanted else []

    def has_choice(self, shown: Shown) -> bool:
        """Whether the experiment of a table or figure decodes several scales to choose among."""
        scales: dict[str, int] = {}
        for e in self._choosable(shown.experiment or ""):
            scales[e.model.name] = scales.get(e.model.name, 0) + 1
        return max(scales.values(), default=0) > 1

    def _decoded(self, pattern: str, wanted: Iterable[Any]) -> list[str]:
        return [pattern.format(**e.wildcards) for e in wanted]
