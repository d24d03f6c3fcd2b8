"""The workflow's rules loaded once, jobs that stand for all, and what each is told by a config."""

import copy
import inspect
from functools import cache
from pathlib import Path

import yaml
from snakemake.api import SnakemakeApi
from snakemake.iocontainers import InputFiles, Wildcards
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings

from mavsr.config.read import merged, parse_config
from mavsr.report.catalogue import FIGURES, TABLES
from mavsr.workflow.asked import Asked

ROOT = Path(__file__).parents[2]
SHARDS = {"shards": {"train": 2, "val": 1, "test": 1}}
FILES = {"archives": [{"parts": [{"url": "https://h/a.zip"}]}], "files": [{"url": "https://h/b"}]}
CORPORA = {
    "lrs2": {"kind": "lrs2", "root": "a", "longest_segment_s": 16, **SHARDS, "download": FILES},
    "lrs3": {
        **{"kind": "lrs3", "root": "b", "longest_segment_s": 16, **SHARDS},
        "validation": "list.txt",
    },
    "cropped": {
        **{"kind": "crops", "root": "d", **SHARDS},
        "splits": {"train": ["train.csv"], "val": ["val.csv"], "test": ["test.csv"]},
    },
    "mine": {"kind": "folder", "root": "c", "transcripts": "table.csv", **SHARDS},
}
BASE = {
    "corpora": CORPORA,
    "encoders": {"spare": {"kind": "avhubert", "path": "v.pt"}},
    "mouths": {
        "landmarks": "points",
        "retinaface": {"weights": "https://h/r.pth", "sha256": "0" * 64},
    },
    "training": {"per_task": {"vsr": {"learning_rate": 5e-4}}},
    "noises": {
        "music": {"folder": "musan/music"},
        "factory": {"file": "factory.mat"},
        "speech": {"corpus": "portrait"},
    },
    "experiments": {
        "table1": [{"methods": ["llama-avsr", "mtsk-ms", "mome-ffn"]}],
        "noise": [
            {
                "methods": ["mtsk-ms"],
                "task": "avsr",
                "conditions": ["snr_-5", "clean", "music_0+drop_50", "no_video"],
            },
            {"methods": ["mtsk-ms"], "task": "asr"},
            {"methods": ["mtsk-ms"], "task": "vsr", "conditions": ["clean", "blur_2"]},
        ],
        "omni_main": [{"methods": ["omni-st"], "task": "omni"}],
        "tradeoff": [{"methods": ["mtsk-ms"]}],
    },
}
VARIANTS = {
    "as it is": {},
    "online": {"features": {"mode": "online"}},
    "truncated": {"features": {"long_clips": "truncate"}},
    "online, truncated": {"features": {"mode": "online", "long_clips": "truncate"}},
    "pooled": {"features": {"store": "pooled"}},
    "drawn": {"decoding": {"profile": "paper"}},
    "by landmarks": {"mouths": {"detector": "landmarks"}},
    "by retinaface": {"mouths": {"detector": "retinaface"}},
    "by own weights": {"mouths": {"detector": "retinaface", "retinaface": {"weights": "r.pth"}}},
    "resampled": {"setup": {"compression": "resampler"}},
    "a recording": {"noise": {"babble": {"url": "https://h/babble.mat"}}},
}
"""Configs under which every condition of a mark holds at least once."""


def written(variant):
    """A variant as YAML would hold it."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["experiments"] = {}
    return merged(merged(config, BASE), VARIANTS[variant])


UNMARKED = ("setup", "needed")
"""Resources that no mark tells: what a model says of itself, and which splits are in the plan."""


class Rules:
    """The rules, which can be asked under any config without starting Snakemake anew."""

    def __init__(self):
        with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
            loaded = api.workflow(
                resource_settings=ResourceSettings(cores=1),
                config_settings=ConfigSettings(),
                snakefile=ROOT / "Snakefile",
            )._workflow
        self.rules = {rule.name: rule for rule in loaded.rules}
        self.told, self.needs = loaded.globals["told"], loaded.globals["needs"]

    def jobs(self, config):
        """What a config asks for, and {(rule, wildcards): (params, resources)} of jobs that stand
        for all."""
        asked = Asked(parse_config(copy.deepcopy(config)))
        self.told.asked = self.needs.asked = asked
        return asked, {
            (rule, tuple(wildcards.items())): self.told_to(rule, wildcards)
            for rule, wildcards in standing_for_all(asked)
        }

    def told_to(self, name, wildcards):
        rule, known = self.rules[name], Wildcards(fromdict=wildcards)
        inputs = InputFiles(fromdict={k: self.files(v, known) for k, v in rule.input._allitems()})
        params = [self.value(item, known, inputs) for key, item in rule.params._allitems()]
        resources = {
            key: resource.evaluate(known, input=inputs).value
            for key, resource in rule.resources.items()
            if not key.startswith("_") and key not in ("tmpdir", *UNMARKED)
        }
        return params, resources

    @staticmethod
    def files(item, wildcards):
        if callable(item):
            found = item(wildcards)
            return [found] if isinstance(found, str) else found
        return [str(item)]

    @staticmethod
    def value(item, wildcards, inputs):
        if not callable(item):
            return item
        return item(wildcards, **({"input": inputs} if takes_inputs(item) else {}))


@cache
def takes_inputs(function):
    """Whether a params function asks for the job's inputs too."""
    return "input" in inspect.signature(function).parameters


def standing_for_all(asked):
    """(rule, wildcards) of a job of every kind."""
    config = asked.config
    for corpus in config.corpora:
        place = {"corpus": corpus}
        yield "scan_corpus", place
        if corpus in asked.made:
            yield "make_portrait", place
        if corpus in asked.fetched:
            yield "download_corpus", place
        yield from ((rule, place) for rule in ("make_babble", "summarise_mouths"))
        yield from ((f"make_{toy}", place) for toy in ("whisper", "avhubert", "llama"))
        split = {**place, "split": "train"}
        yield from ((rule, split) for rule in ("index_mouths", "draw_mouths"))
        yield "crop_mouths", {**split, "shard": "00000"}
        for condition in ("snr_-5", "music_0", "speech_0"):
            yield "mix_noise", {**split, "condition": condition, "shard": "00000"}
        for encoder in config.encoders:
            for condition in ("clean", "view_0", "drop_50", "blur_2"):
                features = {"encoder": encoder, **split, "condition": condition}
                yield "index_features", features
                if condition != "view_0":
                    yield "extract_features", {**features, "shard": "00000"}
            yield "extract_views", {"encoder": encoder, **place, "shard": "00000"}
        yield "mix_views", {**place, "shard": "00000"}
    yield from (
        (rule, {})
        for rule in (
            *("fetch_retinaface", "import_babble"),
            *("check_results", "collect_scores", "collect_costs"),
        )
    )
    yield from ((rule, {}) for rule in ("draw_losses", "describe_run", "parameters"))
    yield "write_results", {}
    yield from (("write_clips", {"corpus": corpus}) for corpus in asked.heard_clean)
    yield "download_babble", {"name": "babble.mat"}
    for name, noise in config.noises.items():
        if noise.file or noise.folder:
            yield ("import_noise" if noise.file else "list_noise"), {"noise": name}
    for model in asked.models:
        yield from ((rule, {"model": model}) for rule in ("train_model", "draw_training"))
        yield "write_errors", {"model": model}
    for e in asked.evaluations:
        place = {"model": e.model.name, "condition": e.condition, "at": e.at}
        yield "decode", {**place, "scale": e.scale.name}
        yield from ((rule, place) for rule in ("record_routing", "record_similarity"))
        if not e.model.imported:
            yield "decode_validation", {"model": e.model.name, "scale": e.scale.name}
    for experiment in config.experiments:
        scored = ("score_experiment", "compare_systems", "adapt_scales", "judge_confidence")
        scored += ("score_validation", "cost_experiment")
        yield from ((rule, {"experiment": experiment}) for rule in scored)
    yield from (("write_table", {"name": n}) for n, e in TABLES.items() if _shown(asked, e))
    yield from (("draw_figure", {"name": n}) for n, e in FIGURES.items() if _shown(asked, e))


def _shown(asked, experiment):
    return experiment is None or asked.by_experiment.get(experiment)
