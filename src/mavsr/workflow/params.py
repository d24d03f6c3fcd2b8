"""Params and resources functions: what of the config a job is told, as text.

Every one hands out :func:`mavsr.workflow.reads.settings_of`, perhaps in the form of a command.
"""

import json
import os
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from mavsr.config.queries import hide
from mavsr.config.read import plain
from mavsr.model.scales import Scale
from mavsr.remedies import CONFIG_OPTIONS
from mavsr.report.catalogue import ALL_FIGURES, PAPERS, TABLES
from mavsr.workflow import paths
from mavsr.workflow.asked import Asked
from mavsr.workflow.experiments import training_settings
from mavsr.workflow.paths import SPLITS
from mavsr.workflow.reads import Purpose, settings_of
from mavsr.workflow.setup import describe_setup

Function = Callable[[Any], str]
FEATURES = ("audio", "video", "audio_val", "video_val")
"""Options of jobs that read features."""


class Params:
    """The functions that need the config."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked

    def of(self, rule: str, *path: str, purpose: Purpose = "decides") -> Function:
        """Params function: what lies at a path of the settings that a rule reads.

        Args:
            rule: its name.
            *path: keys; ``{corpus}`` is that wildcard's value.
            purpose: see :func:`settings_of`.
        """

        def value(wildcards: Any) -> str:
            known = dict(wildcards.items())
            part: Any = settings_of(self.asked, rule, known, purpose)
            for key in path:
                part = part[key.format(**known)]
            part = hide(part)
            return part if isinstance(part, str) else json.dumps(part)

        return value

    def running(self, rule: str, *path: str) -> Callable[[Any], str | int]:
        """Resources function: a setting that only says how a job runs."""
        text = self.of(rule, *path, purpose="runs")
        return lambda wildcards: int(found) if (found := text(wildcards)).isdigit() else found

    def _read(self, rule: str, wildcards: Any, purpose: Purpose = "decides") -> dict[str, Any]:
        return settings_of(self.asked, rule, dict(wildcards.items()), purpose)

    def reading(self, wildcards: Any) -> str:
        """Kind of a corpus and how it is read."""
        return json.dumps(self.asked.config.corpora[wildcards["corpus"]].reading)

    def needed_splits(self, wildcards: Any) -> str:
        """Resources function: splits of a corpus that must have clips."""
        return " ".join(self.asked.needed.get(wildcards["corpus"], SPLITS))

    def crops(self, wildcards: Any) -> str:
        """How mouths are found; fetched weights lie where their rule puts them."""
        section = self._read("crop_mouths", wildcards)["mouths"]
        if self.asked.is_ready(wildcards["corpus"]):
            return json.dumps({"ready": True, **section})
        mouths = self.asked.config.mouths
        if mouths.detector == "retinaface" and mouths.retinaface.is_remote:
            section["retinaface"] = {"weights": paths.RETINAFACE}
        return json.dumps(section)

    def detector_file(self, wildcards: Any) -> str:
        """The detector's weights as a file to download."""
        section = self._read("fetch_retinaface", wildcards)["mouths"]["retinaface"]
        return json.dumps(hide({"url": section["weights"], "sha256": section["sha256"]}))

    def needs_gpu(self, wildcards: Any) -> int:
        """Resources function: whether the detector is one for GPUs."""
        ready = self.asked.is_ready(wildcards["corpus"])
        return int(not ready and self.asked.config.mouths.detector == "retinaface")

    def toy_whisper(self, wildcards: Any) -> str:
        """Settings of the toy audio encoder without the noise that it hears."""
        section = self._read("make_whisper", wildcards)["toy"]["whisper"]
        return json.dumps({key: value for key, value in section.items() if key != "snrs"})

    def toy_noise(self, wildcards: Any) -> str:
        """Noise in the toy audio encoder's own training."""
        section = self._read("make_whisper", wildcards)
        return json.dumps({**section["noise"], "snrs": section["toy"]["whisper"]["snrs"]})

    def extraction(self, rule: str) -> Function:
        """Params function: settings of a features job."""

        def settings(wildcards: Any) -> str:
            section = self._read(rule, wildcards)["features"]
            if section.pop("store", None) == "pooled":
                section["pool"] = self.asked.pool(wildcards["encoder"], wildcards["corpus"])
            return json.dumps(section)

        return settings

    def model(self, wildcards: Any) -> str:
        """Settings of a model."""
        return json.dumps(plain(self.asked.models[wildcards["model"]].settings.to_dict()))

    def training(self, wildcards: Any) -> str:
        """What decides the result of a training job, for its model."""
        section = self._read("train_model", wildcards)["training"]
        model = self.asked.models[wildcards["model"]]
        values = plain(training_settings(self.asked.config, model))
        return json.dumps({key: values[key] for key in section if key != "per_task"})

    @property
    def training_command(self) -> str:
        """The module that trains: on cached features, or with the encoders inside."""
        cached = self.asked.config.features.mode == "cached"
        return "training.train" if cached else "training.train_online"

    def training_runs(self, wildcards: Any) -> str:
        """Resources function: options that change no result of a training job."""
        values = self._read("train_model", wildcards, "runs")["training"]
        return " ".join(
            f"--training.{name} {json.dumps(value)}" for name, value in sorted(values.items())
        )

    def setup(self, wildcards: Any) -> str:
        """Resources function: what a trained model is to say of itself, which changes no result."""
        model = self.asked.models[wildcards["model"]]
        encoders = dict(model.encoders)
        return json.dumps(describe_setup(self.asked.config, model.corpora, encoders, model.llm))

    def training_features(self, wildcards: Any, input: Mapping[str, Any]) -> str:
        """Options for a training job's features, cached or not, and for how corpora share them."""
        options, model = feature_options(input), self.asked.models[wildcards["model"]]
        if self.asked.config.features.mode == "cached":
            shares = f" --shares {shlex.quote(json.dumps(model.shares))}" if model.shares else ""
            return options + shares
        read = self._read("train_model", wildcards)
        hears = "audio" in dict(model.encoders)
        files = list(input["online"])
        extraction = {k: v for k, v in read["features"].items() if k not in ("mode", "views")}
        online = {
            "mouths": files[0],
            "babble": files[1] if hears else None,
            "noise": read.get("noise", {}),
            "extraction": extraction,
            **{f"{m}_encoder": read["encoders"][name] for m, name in model.encoders},
        }
        return f"{options} --online {shlex.quote(json.dumps(online))}"

    def origin(self, wildcards: Any) -> str:
        """What the config calls corpora, encoders and LLM of a model at a scale; the test split."""
        corpus = self.asked.tested(wildcards["model"], wildcards.get("at", ""))
        return self._origin(wildcards, corpus, "test")

    def validation_origin(self, wildcards: Any) -> str:
        """The same, and the validation split."""
        return self._origin(wildcards, self.asked.models[wildcards["model"]].corpus, "val")

    def _origin(self, wildcards: Any, corpus: str, split: str) -> str:
        model = self.asked.models[wildcards["model"]]
        used = Scale.parse(wildcards["scale"]).rates
        return json.dumps(
            {
                "corpus": corpus,
                "split": split,
                "trained_on": "" if model.imported else model.corpus,
                "encoders": "+".join(name for modality, name in model.encoders if modality in used),
                "llm": model.llm,
                "variant": model.variant,
            }
        )

    def report(self, wildcards: Any) -> str:
        """What of the config a table or figure reads: that of its scores, or of arithmetic."""
        rule = "write_table" if wildcards["name"] in TABLES else "draw_figure"
        read = self._read(rule, wildcards)
        if "table4" in read:
            return json.dumps({"rates": read["rates"], "table4": read["table4"]})
        kinds = {name: corpus["kind"] for name, corpus in read.get("corpora", {}).items()}
        return json.dumps({"kinds": kinds, **read.get("cost", {})})

    def options(self, wildcards: Any) -> str:
        """Resources function: the options by which the config was chosen."""
        return os.environ.get(CONFIG_OPTIONS, "")

    def origins(self, wildcards: Any) -> str:
        """Resources function: which encoders, LLMs and corpora the workflow makes itself.

        No param, as none of them becomes another without other results.
        """
        config = self.asked.config
        known = {name: encoder.path for name, encoder in config.encoders.items()}
        known |= {name: llm.path for name, llm in config.llms.items()}
        toys = [name for name, path in known.items() if path.startswith(paths.TOYS)]
        return json.dumps({"toys": toys, "made": self.asked.made})

    def whole(self, wildcards: Any) -> str:
        """The resolved config."""
        return json.dumps(hide(plain(self.asked.config)))


def feature_options(input: Mapping[str, Any]) -> str:
    """Options for the features that a job has, of those it could have."""
    return " ".join(
        f"--{name} " + " ".join(map(str, files))
        for name in FEATURES
        if (files := list(input.get(name) or []))
    )


def features(wildcards: Any, input: Mapping[str, Any]) -> str:
    """Params function: :func:`feature_options`."""
    return feature_options(input)


def flag(name: str) -> Callable[[Any, Mapping[str, Any]], str]:
    """Params function: ``--<name>`` if a job has inputs of that name."""
    return lambda wildcards, input: f"--{name}" if input.get(name) else ""


def category(wildcards: Any) -> str:
    """Heading in the report under which a table or figure stands."""
    return PAPERS.get(wildcards["name"], "Beyond the papers")


def label(kind: str) -> Callable[[Any], dict[str, str]]:
    """Label of a table or figure in the report.

    One label, as Snakemake takes a second one whose two values are equally frequent for a switch
    between twins, and its page stays empty where there are none.
    """

    def labels(wildcards: Any) -> dict[str, str]:
        name = wildcards["name"]
        return {"shows": name if kind in name else f"{name} ({kind})"}

    return labels


def caption(wildcards: Any) -> str:
    """What a figure shows."""
    return ALL_FIGURES[wildcards["name"]].caption
