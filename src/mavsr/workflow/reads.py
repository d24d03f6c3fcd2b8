"""Which settings a rule reads: what the marks of the config's keys say, and nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from functools import cache, partial
from typing import Any, Literal

from mavsr.config.config import Config
from mavsr.config.marks import Leaf, leaves
from mavsr.config.read import plain
from mavsr.model.methods import method_of
from mavsr.model.named import Model
from mavsr.model.settings import SECTIONS
from mavsr.noise.condition import DRAWN, Condition
from mavsr.report.catalogue import ALL_FIGURES, CHOOSING, FIGURES, TABLES
from mavsr.workflow.asked import Asked

Wildcards = Mapping[str, str]
Purpose = Literal["decides", "runs"]


def _model(asked: Asked, wildcards: Wildcards) -> Model:
    return asked.models[wildcards["model"]]


def _modality(asked: Asked, wildcards: Wildcards) -> str:
    return asked.config.encoders[wildcards["encoder"]].modality


def _has(section: str, asked: Asked, wildcards: Wildcards) -> bool:
    return _model(asked, wildcards).settings.section(section) is not None


CONDITIONS: dict[str, Callable[[Asked, Wildcards], bool]] = {
    "drawn": lambda asked, w: Condition.parse(w["condition"]).kind in DRAWN,
    "audio": lambda asked, w: _modality(asked, w) == "audio",
    "video": lambda asked, w: _modality(asked, w) == "video",
    "pooled": lambda asked, w: (
        asked.config.features.store == "pooled" and _modality(asked, w) == "audio"
    ),
    "truncate": lambda asked, w: asked.config.features.long_clips == "truncate",
    "cached": lambda asked, w: asked.config.features.mode == "cached",
    "online": lambda asked, w: asked.config.features.mode == "online",
    "hears": lambda asked, w: "audio" in dict(_model(asked, w).encoders),
    "sees": lambda asked, w: "video" in dict(_model(asked, w).encoders),
    "asr": lambda asked, w: _model(asked, w).settings.task == "asr",
    "vsr": lambda asked, w: _model(asked, w).settings.task == "vsr",
    "avsr": lambda asked, w: _model(asked, w).settings.task == "avsr",
    "omni": lambda asked, w: _model(asked, w).settings.task == "omni",
    "lora": lambda asked, w: method_of(_model(asked, w).settings.method).adapter == "lora",
    **{section: partial(_has, section) for section in SECTIONS},
    "detected": lambda asked, w: not asked.is_ready(w["corpus"]),
    "landmarks": lambda asked, w: asked.config.mouths.detector == "landmarks",
    "retinaface": lambda asked, w: asked.config.mouths.detector == "retinaface",
    "local": lambda asked, w: not asked.config.mouths.retinaface.is_remote,
    "paper": lambda asked, w: asked.config.decoding.profile == "paper",
    "arithmetic": lambda asked, w: (TABLES | FIGURES)[w["name"]] is None,
    "chosen": lambda asked, w: w["name"] in CHOOSING,
    "compared": lambda asked, w: ALL_FIGURES[w["name"]].trace == "differences",
    "scored": lambda asked, w: (TABLES | FIGURES)[w["name"]] is not None,
}
"""Word after ``if`` in a mark -> whether a job of these wildcards is meant."""


def settings_of(
    asked: Asked, rule: str, wildcards: Wildcards, purpose: Purpose = "decides"
) -> dict[str, Any]:
    """The part of the config that a job reads, as JSON knows it.

    Args:
        asked: the config.
        rule: name of the job's rule.
        wildcards: of the job.
        purpose: what ``decides`` its result, or how it ``runs``.
    """
    found: dict[str, Any] = {}
    for path, conditions in _marked(rule, purpose):
        if all(CONDITIONS[condition](asked, wildcards) for condition in conditions):
            _copy(asked, wildcards, path, found)
    return found


@cache
def _marked(rule: str, purpose: Purpose) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """(path, conditions) of the keys that are marked with a rule."""
    found = []
    for leaf in _all_leaves():
        for mark in getattr(leaf.key, purpose):
            name, conditions = parse_mark(mark)
            if name == rule:
                found.append((leaf.path, conditions))
    return found


@cache
def _all_leaves() -> list[Leaf]:
    return list(leaves(Config))


def parse_mark(mark: str) -> tuple[str, tuple[str, ...]]:
    """``"extract_features if video"`` -> rule and conditions."""
    rule, _, conditions = mark.partition(" if ")
    return rule, tuple(conditions.split(" and ")) if conditions else ()


def _copy(asked: Asked, wildcards: Wildcards, path: tuple[str, ...], found: dict[str, Any]) -> None:
    """Put what lies at a path into ``found``, at the same place."""
    places: list[tuple[Any, dict[str, Any]]] = [(asked.config, found)]
    for depth, step in enumerate(path):
        last = depth == len(path) - 1
        following = []
        for part, into in places:
            named = isinstance(part, Mapping)
            keys = _names(asked, wildcards, path[0], part) if named else [step]
            for key in keys:
                if not named and not hasattr(part, key):
                    continue  # another kind of corpus
                value = part[key] if named else getattr(part, key)
                if last or not (is_dataclass(value) or _holds_sections(value)):
                    into[key] = plain(value)
                else:
                    following.append((value, into.setdefault(key, {})))
        places = following


def _holds_sections(value: Any) -> bool:
    return isinstance(value, Mapping) and any(map(is_dataclass, value.values()))


def _names(asked: Asked, wildcards: Wildcards, section: str, known: Mapping[str, Any]) -> list[str]:
    """Of a section of names, those that a job reads."""
    if section == "table4":
        return list(known)
    if section == "encoders" and not wildcards.keys() - {"experiment"}:  # of costs
        experiment = wildcards.get("experiment")
        wanted = asked.by_experiment.get(experiment, []) if experiment else asked.evaluations
        return sorted({name for e in wanted for _, name in e.model.encoders})
    single = {"corpora": "corpus", "encoders": "encoder", "noises": "noise"}.get(section, "")
    if single in wildcards:
        return [wildcards[single]]
    if "model" in wildcards:
        model = _model(asked, wildcards)
        named = {"corpora": list(model.corpora), "llms": [model.llm]}
        named["imported"] = [model.imported] if model.imported else []
        return named.get(section, [name for _, name in model.encoders])
    if "name" in wildcards:
        experiment = (TABLES | FIGURES)[wildcards["name"]] or ""
        return sorted({e.corpus for e in asked.by_experiment.get(experiment, [])})
    return []
