"""From the config to the list of models and evaluations it asks for.

A model's name says what it is: corpus, task, encoders, LLM, method, compression, rates and seed. So
a changed config asks for new paths and leaves old results where they are. How a model is trained
(learning rate, epochs) is not in its name: changing that retrains it in place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mavsr.model.scales import TASKS, Scale
from mavsr.model.settings import ModelSettings

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Model:
    """One model to train."""

    corpus: str
    encoders: tuple[tuple[str, str], ...]
    """(modality, name of the encoder in the config), audio before video."""
    llm: str
    """Name of the LLM in the config."""
    settings: ModelSettings

    @property
    def name(self) -> str:
        """Folder name under ``results/training``."""
        s = self.settings
        rates = [f"{m[0]}{'-'.join(map(str, s.rates(m)))}" for m, _ in self.encoders]
        encoders = "+".join(name for _, name in self.encoders)
        return ".".join(
            [self.corpus, s.task, encoders, self.llm, s.method, s.compression, *rates, f"s{s.seed}"]
        )


@dataclass(frozen=True)
class Evaluation:
    """One model, decoded at one scale under one condition."""

    model: Model
    condition: str
    scale: Scale

    @property
    def path(self) -> str:
        """Hypothesis file below ``results/evaluation``, without its suffix."""
        return f"{self.model.name}/{self.condition}/{self.scale.name}"


def evaluations(config: Config, experiment: str) -> list[Evaluation]:
    """What ``experiment`` asks for, in the order of the config, without repetitions.

    Entries on a corpus that ``use_corpora`` does not name are left out.
    """
    found: dict[Evaluation, None] = {}
    wanted = config["use_corpora"] or config["corpora"]
    for entry in config["experiments"][experiment]:
        rates = {**config["rates"], **entry.get("rates", {})}
        setup = {**config["setup"], **entry, "rates": rates}
        if setup["corpus"] not in wanted:
            continue
        for method in setup["methods"]:
            models = _models(config, setup, method)
            every = dict.fromkeys(scale for model in models for scale in model.settings.scales)
            chosen = _chosen(list(every), setup.get("scales", "all"))
            for model in models:
                for condition in setup["conditions"]:
                    for scale in (s for s in model.settings.scales if s in chosen):
                        found[Evaluation(model, condition, scale)] = None
    return list(found)


def _chosen(scales: list[Scale], wanted: str) -> list[Scale]:
    """Of a method's scales, those that an experiment decodes: ``all``, ``first`` or ``ends``."""
    ends = list(dict.fromkeys([scales[0], scales[-1]]))
    return {"all": scales, "first": scales[:1], "ends": ends}[wanted]


def all_evaluations(config: Config) -> list[Evaluation]:
    """The evaluations of every experiment, without repetitions."""
    found = [e for name in config["experiments"] for e in evaluations(config, name)]
    return list(dict.fromkeys(found))


def all_models(config: Config) -> dict[str, Model]:
    """Name -> every model that an experiment needs."""
    return {e.model.name: e.model for e in all_evaluations(config)}


def _models(config: Config, setup: Mapping[str, Any], method: str) -> list[Model]:
    """The models by which ``method`` covers all rates: one per scale for Llama-AVSR, else one."""
    llm = config["llms"][setup["llm"]]
    modalities = TASKS[setup["task"]]
    encoders = tuple((m, setup[f"{m}_encoder"]) for m in modalities)
    common = {
        "task": setup["task"],
        "method": method,
        "compression": setup["compression"],
        "llm": llm["path"],
        "llm_revision": llm["revision"],
        "lora_rank": llm["lora_rank"],
        "lora_scale": llm["lora_scale"],
        "projector_hidden": config["projector"]["hidden"],
        "projector_layer_norm": config["projector"]["layer_norm"],
        "seed": setup["seed"],
    }
    rates = {m: tuple(setup["rates"][m]) if m in modalities else () for m in ("audio", "video")}
    whole = ModelSettings(**common, audio_rates=rates["audio"], video_rates=rates["video"])
    if method != "llama-avsr":
        return [Model(setup["corpus"], encoders, setup["llm"], whole)]
    return [
        Model(
            setup["corpus"],
            encoders,
            setup["llm"],
            ModelSettings(
                **common,
                audio_rates=() if scale.audio is None else (scale.audio,),
                video_rates=() if scale.video is None else (scale.video,),
            ),
        )
        for scale in whole.scales
    ]
