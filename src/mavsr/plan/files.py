"""Which jobs a config asks for, stage by stage: one main output of each."""

from pathlib import Path

from mavsr.config.config import Config
from mavsr.workflow import paths
from mavsr.workflow.experiments import (
    all_evaluations,
    all_models,
    trained_models,
    validations,
)
from mavsr.workflow.needs import Cache, training_views, used_splits, wanted_caches
from mavsr.workflow.paths import TOYS, shard_names
from mavsr.workflow.weights import weight_files


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
            paths.NOISY.format(corpus=corpus, split=split, condition=condition, shard=shard)
            for corpus, split, condition in noisy_splits(config)
            for shard in _job_shards(config, corpus, split, condition)
        ],
        "toy": [weight_files(path)[0] for path in made_toys(config)],
        "features": [path for c in wanted_caches(config) for path in _feature_files(config, c)],
        "training": [paths.RUN.format(model=name) for name in trained_models(config)],
        "evaluation": [paths.HYPOTHESES.format(**e.wildcards) for e in all_evaluations(config)]
        + [
            paths.VALIDATED.format(model=e.model.name, scale=e.scale.name)
            for e in validations(config)
        ],
    }
    return {
        stage: [results / name.removeprefix("results/") for name in names]
        for stage, names in stages.items()
        if names
    }


def used_corpora(config: Config) -> list[str]:
    """Names of the corpora that a model is trained or tested on, sorted."""
    return list(used_splits(all_evaluations(config)))


def noisy_splits(config: Config) -> list[tuple[str, str, str]]:
    """(corpus, split, condition) of the audio that noise is mixed into, sorted."""
    return sorted(
        {
            (c.corpus, c.split, c.condition)
            for c in wanted_caches(config)
            if config.encoders[c.encoder].modality == "audio" and c.condition != "clean"
        }
    )


def made_toys(config: Config) -> list[str]:
    """Paths of the encoders and LLMs that the workflow makes itself, sorted."""
    models = all_models(config).values()
    found = {config.llms[model.llm].path for model in models}
    found |= {config.encoders[name].path for model in models for _, name in model.encoders}
    return sorted(path for path in found if path.startswith(TOYS))


def is_made(config: Config, corpus: str) -> bool:
    """Whether the workflow makes a corpus itself."""
    return config.corpora[corpus].kind == "portrait"


def _corpus_files(config: Config) -> list[str]:
    found = []
    for corpus in used_corpora(config):
        found.append(paths.MANIFEST.format(corpus=corpus, split="train"))
        if is_made(config, corpus):
            found.append(paths.TREE.format(corpus=corpus))
    return found


def _mouths_files(config: Config) -> list[str]:
    found = []
    for corpus, splits in used_splits(all_evaluations(config)).items():
        for split in splits:
            place = {"corpus": corpus, "split": split}
            found += [paths.CROPS.format(**place, shard=n) for n in _shards(config, corpus, split)]
            found += [paths.CROPS_INDEX.format(**place), paths.SHEET.format(**place)]
        found.append(paths.LEDGER_SUMMARY.format(corpus=corpus))
    return found


def _feature_files(config: Config, cache: Cache) -> list[str]:
    place = {
        "encoder": cache.encoder,
        "corpus": cache.corpus,
        "split": cache.split,
        "condition": cache.condition,
    }
    shards = _job_shards(config, cache.corpus, cache.split, cache.condition)
    return [
        *(paths.FEATURES.format(**place, shard=name) for name in shards),
        paths.FEATURES_INDEX.format(**place),
    ]


def _job_shards(config: Config, corpus: str, split: str, condition: str) -> list[str]:
    """Shards of a condition that stand for a job each.

    One job makes all training views of a shard. The last stands for it: of fewer views that were
    made before, it is not among them.
    """
    earlier = condition in training_views(config)[:-1]
    return [] if earlier else _shards(config, corpus, split)


def _shards(config: Config, corpus: str, split: str) -> list[str]:
    return shard_names(getattr(config.corpora[corpus].shards, split))
