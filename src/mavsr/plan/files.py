"""Which jobs a config asks for, stage by stage: one main output of each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mavsr.configuration import ENCODES
from mavsr.experiments import all_evaluations, all_models
from mavsr.features.needs import wanted_caches

Config = Mapping[str, Any]
SPLITS = ("train", "val", "test")
STANDINS = "results/toy/"
"""Beginning of the paths of encoders and LLMs that the workflow makes itself."""


def stage_files(config: Config, results: Path) -> dict[str, list[Path]]:
    """Stage, in the order of the data -> a file per job; tables and figures are left out.

    Args:
        config: checked.
        results: folder of the results.
    """
    stages = {
        "corpus": _corpus_files(config),
        "mouths": _mouths_files(config),
        "noise": [
            f"noise/{corpus}/{split}/{condition}/{shard}"
            for corpus, split, condition in noisy_splits(config)
            for shard in _shards(config, corpus, split)
        ],
        "toy": [path.removeprefix("results/") for path in made_toys(config)],
        "features": [
            f"features/{c.encoder}/{c.corpus}/{c.split}/{c.condition}/{name}"
            for c in wanted_caches(config)
            for name in (*_shards(config, c.corpus, c.split), "index.json")
        ],
        "training": [f"training/{name}/run.json" for name in all_models(config)],
        "evaluation": [f"evaluation/{e.path}.jsonl" for e in all_evaluations(config)],
    }
    return {stage: [results / name for name in names] for stage, names in stages.items() if names}


def used_corpora(config: Config) -> list[str]:
    """Names of the corpora that a model uses, sorted."""
    return sorted({model.corpus for model in all_models(config).values()})


def noisy_splits(config: Config) -> list[tuple[str, str, str]]:
    """(corpus, split, condition) of the sound that noise is mixed into, sorted."""
    return sorted(
        {
            (c.corpus, c.split, c.condition)
            for c in wanted_caches(config)
            if ENCODES[config["encoders"][c.encoder]["kind"]] == "audio" and c.condition != "clean"
        }
    )


def made_toys(config: Config) -> list[str]:
    """Paths of the encoders and LLMs that the workflow makes itself, sorted."""
    models = all_models(config).values()
    paths = {config["llms"][model.llm]["path"] for model in models}
    paths |= {config["encoders"][name]["path"] for model in models for _, name in model.encoders}
    return sorted(path for path in paths if path.startswith(STANDINS))


def is_made(config: Config, corpus: str) -> bool:
    """Whether the workflow makes a corpus itself."""
    return config["corpora"][corpus]["kind"] == "portrait"


def _corpus_files(config: Config) -> list[str]:
    return [
        f"corpus/{corpus}/{name}"
        for corpus in used_corpora(config)
        for name in ("train.parquet", *["tree.json"] * is_made(config, corpus))
    ]


def _mouths_files(config: Config) -> list[str]:
    found = []
    for corpus in used_corpora(config):
        for split in SPLITS:
            names = (*_shards(config, corpus, split), "index.json")
            found += [f"mouths/{corpus}/{split}/{name}" for name in names]
            found.append(f"report/mouths/{corpus}_{split}.png")
        found.append(f"mouths/{corpus}/ledger_summary.csv")
    return found


def _shards(config: Config, corpus: str, split: str) -> list[str]:
    return [f"{number:05d}.tar" for number in range(config["corpora"][corpus]["shards"][split])]
