"""Input functions: which files a job reads, as far as the config decides that."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from snakemake.exceptions import WorkflowError

from mavsr.errors import InputError
from mavsr.model.named import Model
from mavsr.noise.condition import Condition, cached_as
from mavsr.report.catalogue import (
    ABOUT_CONFIDENCE,
    ALL_FIGURES,
    ALL_TABLES,
    FIGURES,
    TRACES,
    experiment_of,
)
from mavsr.workflow import paths
from mavsr.workflow.decoded_inputs import DecodedInputs, Function
from mavsr.workflow.evaluations import Evaluation
from mavsr.workflow.model_inputs import ModelInputs
from mavsr.workflow.needs import made_views, wanted_caches
from mavsr.workflow.noise_inputs import NoiseInputs, check_noises
from mavsr.workflow.paths import SPLITS, shard_names
from mavsr.workflow.weights import weight_files

SUFFIXES = {"table": ("csv", "md", "tex", "html", "rst"), "figure": ("pdf", "png")}
FITS: dict[str, Callable[[Model], bool]] = {
    "routing": lambda model: model.settings.mome is not None,
    "similarity": lambda model: len(model.settings.scales) > 1,
}
"""What a figure looks into -> whether a model has it."""
TRACED = {
    "routing": ("the experts of the first MoME model", "a method such as mome-mhsa"),
    "similarity": (
        "the tokens of the first model of several scales",
        "a method such as mtsk-ms and at least two rates",
    ),
}
"""The same in words, and what to add where no model has it."""


class Inputs(DecodedInputs, ModelInputs, NoiseInputs):
    """The functions that need the config."""

    def shards(self, pattern: str, split: str | None = None) -> Function:
        """Input function: a file per shard of a split, which may be fixed.

        Args:
            pattern: of :mod:`mavsr.workflow.paths`.
            split: None takes the job's wildcard.
        """

        def files(wildcards: Any) -> list[str]:
            known = dict(wildcards.items()) | ({"split": split} if split else {})
            shards = self.asked.config.corpora[known["corpus"]].shards
            names = shard_names(getattr(shards, known["split"]))
            return [pattern.format(**known, shard=name) for name in names]

        return files

    def corpus_tree(self, wildcards: Any) -> list[str]:
        """The listing of a corpus that the workflow makes or fetches; nothing for another."""
        corpus = wildcards["corpus"]
        ours = corpus in self.asked.made + self.asked.fetched
        return [paths.TREE.format(corpus=corpus)] if ours else []

    def corpus_lists(self, wildcards: Any) -> list[str]:
        """The user's table or list of clips that decides how a corpus is read, if it is there."""
        corpus = self.asked.config.corpora[wildcards["corpus"]]
        names = [corpus.reading.get("transcripts"), corpus.reading.get("validation")]
        for listed in corpus.reading.get("splits", {}).values():
            names += [str(Path(corpus.root, name)) for name in listed or ()]
        return [name for name in names if name and Path(name).is_file()]

    def detector_weights(self, wildcards: Any) -> list[str]:
        """The file of the detector's weights if it has one; the user's own where it lies there."""
        mouths = self.asked.config.mouths
        if mouths.detector != "retinaface" or self.asked.is_ready(wildcards["corpus"]):
            return []
        if mouths.retinaface.is_remote:
            return [paths.RETINAFACE]
        # A dry run needs no data; a real one asks mavsr.workflow.preflight first.
        return [name for name in [mouths.retinaface.weights] if name and Path(name).exists()]

    def audio_shard(self, wildcards: Any) -> str:
        """What an encoder reads: noisy audio where the condition makes any, else crops.

        Whatever befalls video is done to the crops as they are read.
        """
        known = dict(wildcards.items())
        check_noises(self.asked, known["condition"])
        hears = self.asked.config.encoders[known["encoder"]].modality == "audio"
        noisy = known["condition"] != "clean" and hears
        return (paths.NOISY if noisy else paths.CROPS).format(**known)

    def view_shards(self, wildcards: Any) -> list[str]:
        """What an encoder reads for training views: noisy audio of each, or the crops of all."""
        known = {**dict(wildcards.items()), "split": "train"}
        if self.asked.config.encoders[known["encoder"]].modality == "video":
            return [paths.CROPS.format(**known)]
        views = made_views(self.asked.config)
        return [paths.NOISY.format(**known, condition=view) for view in views]

    def encoder_files(self, wildcards: Any) -> list[str]:
        """What is known of the files behind an encoder."""
        return weight_files(self.asked.config.encoders[wildcards["encoder"]].path)

    def all_features(self, wildcards: Any) -> list[str]:
        """The indexes of everything that experiments train, validate and test on."""
        return [
            paths.FEATURES_INDEX.format(
                encoder=c.encoder, corpus=c.corpus, split=c.split, condition=c.condition
            )
            for c in wanted_caches(self.asked.config)
        ]

    def online(self, wildcards: Any) -> list[str]:
        """What training reads of its split where it runs the encoders itself; else nothing."""
        if self.asked.config.features.mode == "cached":
            return []
        model = self.asked.models[wildcards["model"]]
        hears = "audio" in dict(model.encoders)
        encoders = [self.asked.config.encoders[name] for _, name in model.encoders]
        return [
            paths.CROPS_INDEX.format(corpus=model.corpus, split="train"),
            *([self.babble({"corpus": model.corpus})] if hears else []),
            *(file for encoder in encoders for file in weight_files(encoder.path)),
        ]

    def shown_manifest(self, wildcards: Any) -> str:
        """The manifest of the clips that a model's page of errors shows."""
        corpus = self.asked.first_tested(wildcards["model"])
        return paths.MANIFEST.format(corpus=corpus, split="test")

    def shown_clips(self, wildcards: Any) -> list[str]:
        """Crops and clean audio of the clips that a model was tested on."""
        known = {"corpus": self.asked.first_tested(wildcards["model"])}
        return self.shards(paths.CROPS, "test")(known)

    def shown_noise(self, wildcards: Any) -> list[str]:
        """Their noisy audio, under the conditions that it was tested in."""
        model = self.asked.models[wildcards["model"]]
        tested = [e.condition for e in self.asked.evaluations if e.model.name == model.name]
        heard = dict.fromkeys(cached_as(condition, "audio") for condition in tested)
        return [
            path
            for condition in heard
            if "audio" in dict(model.encoders) and Condition.parse(condition).kind == "snr"
            for path in self.shards(paths.NOISY, "test")(
                {"corpus": self.asked.first_tested(model.name), "condition": condition}
            )
        ]

    def all_scores(self) -> list[str]:
        """The scores of every experiment that is run."""
        asked = self.asked.by_experiment
        return [paths.SCORES.format(experiment=name) for name, found in asked.items() if found]

    def scores(self, wildcards: Any) -> list[str]:
        """The scores that a table or figure shows, if it shows any."""
        name = wildcards["name"]
        try:
            experiment = experiment_of(name, self.asked.config.experiments)
        except InputError as error:
            raise WorkflowError(str(error)) from None
        if experiment and not self.asked.by_experiment[experiment]:
            raise WorkflowError(
                f"{name} shows experiments.{experiment}, of which use_experiments or use_corpora "
                "leaves nothing; add it there, or set both to null"
            )
        return [paths.SCORES.format(experiment=experiment)] if experiment else []

    def routing(self, wildcards: Any) -> list[str]:
        """Which experts the first MoME model of a figure's experiment uses, if it shows that."""
        return self._trace(wildcards["name"], "routing", paths.ROUTING)

    def similarity(self, wildcards: Any) -> list[str]:
        """How alike the tokens of a clip are to a figure's first model, if it shows that."""
        return self._trace(wildcards["name"], "similarity", paths.SIMILARITY)

    def _trace(self, name: str, kind: str, path: str) -> list[str]:
        """A table about the first fitting model of a figure's experiment, if it shows such."""
        if TRACES.get(name) != kind:
            return []
        traced = self._traced(name)
        if traced is None:
            what, add = TRACED[kind]
            raise WorkflowError(
                f"{name} shows {what} of experiments.{FIGURES[name]}, which has none; add {add}"
            )
        return [path.format(**{**traced.wildcards, "condition": "clean"})]

    def _traced(self, name: str) -> Evaluation | None:
        """The first test of the model that a figure looks into."""
        fits = FITS[TRACES[name]]
        wanted = self.asked.by_experiment.get(FIGURES[name] or "", [])
        return next((e for e in wanted if fits(e.model)), None)

    def shown(self, names: Iterable[str]) -> list[str]:
        """Files of those of the tables and figures that this config has results for."""
        return list(self._shown(set(names)))

    def _shown(self, names: set[str]) -> Iterator[str]:
        for kind, known in (("table", ALL_TABLES), ("figure", ALL_FIGURES)):
            for name, shown in known.items():
                run = shown.experiment is None or self.asked.by_experiment.get(shown.experiment)
                traced = kind == "table" or name not in TRACES or self._traced(name)
                # The trade-off is worth seeing without adaptive rates, their own table is not.
                measured = name not in ABOUT_CONFIDENCE or self.has_choice(shown)
                if name in names and run and traced and measured:
                    for suffix in SUFFIXES[kind]:
                        yield f"{paths.SHOWN.format(name=name)}.{suffix}"

    def ledgers(self, wildcards: Any) -> list[str]:
        """Of the splits of a corpus that are used; of all, if it is asked for by itself."""
        corpus = wildcards["corpus"]
        splits = self.asked.used.get(corpus, SPLITS)
        return [paths.LEDGER.format(corpus=corpus, split=split) for split in splits]

    def ledger_summaries(self, wildcards: Any) -> list[str]:
        """What became of the clips of every corpus that a model uses."""
        return [paths.LEDGER_SUMMARY.format(corpus=corpus) for corpus in self.asked.corpora]

    def sheets(self, wildcards: Any) -> list[str]:
        """What a person looks at to judge the crops of every corpus that a model uses."""
        return self.ledger_summaries(wildcards) + [
            paths.SHEET.format(corpus=corpus, split=split)
            for corpus, splits in self.asked.used.items()
            for split in splits
        ]
