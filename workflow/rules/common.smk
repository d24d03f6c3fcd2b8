"""What the rules share: the checked config, the models it asks for, where their inputs lie."""

import json
import os
import re
from pathlib import Path

from mavsr.checkpoints import ENCODER, LLM, identity_files
from mavsr.configuration import ENCODES, prepare_config
from mavsr.corpus.download.settings import RemoteFile
from mavsr.corpus.readers import reading_settings
from mavsr.errors import InputError
from mavsr.experiments import (
    RUNNING,
    all_evaluations,
    all_models,
    evaluations_by_experiment,
    training_section,
)
from mavsr.features.needs import pool_size, training_views, wanted_caches
from mavsr.preflight import check_features, check_files, check_ranks, check_writable
from mavsr.recognition.setup import describe_setup
from mavsr.remedies import CONFIG_OPTIONS, config_options
from mavsr.report import published
from mavsr.report.catalogue import (
    CAPTIONS,
    FIGURES,
    PAPERS,
    ROUTED,
    TABLES,
    experiment_of,
)
from mavsr.results_dir import link_results
from mavsr.sources import code_digest
from mavsr.status.failures import FAILED, write_failures
from mavsr.status.lock import LockExplained
from mavsr.trained import note_trained
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

try:
    prepare_config(config)
    link_results(config["results_dir"])
    note_trained(config, first=workflow.is_main_process)
    ASKED = evaluations_by_experiment(config)
    EVALUATIONS = all_evaluations(config)
    MODELS = all_models(config)
except InputError as error:
    raise WorkflowError(str(error)) from None
logger.addFilter(LockExplained())
# Jobs read nothing from standard input, so no library can ask there; the rest is Snakemake's default.
shell.prefix("set -euo pipefail; exec < /dev/null; ")
os.environ[CONFIG_OPTIONS] = config_options(
    workflow.overwrite_configfiles, workflow.config_settings.config_args
)
MADE = [name for name, c in config["corpora"].items() if c["kind"] == "portrait"]
FETCHED = [name for name, c in config["corpora"].items() if c.get("download")]
BABBLE = (
    RemoteFile(**config["noise"]["babble"]).name
    if isinstance(config["noise"]["babble"], dict)
    else ""
)
PUBLISHED = sorted(
    os.path.relpath(path) for path in Path(published.__file__).parent.glob("*.csv")
)


def one_of(names):
    """Wildcard constraint: any of ``names``, or nothing at all where there are none."""
    return "|".join(map(re.escape, filter(None, names))) or "(?!)"


wildcard_constraints:
    corpus=one_of(config["corpora"]),
    encoder=one_of(config["encoders"]),
    model=one_of(MODELS),
    split="train|val|test",
    condition=r"clean|snr_[0-9.-]+|view_\d+",
    shard=r"\d{5}",
    experiment=one_of(config["experiments"]),
    name=one_of(TABLES | FIGURES),
    scale=r"a\d+(_v\d+)?|v\d+",


def check_planned():
    """Stop a run, not a dry run, that would sooner or later miss a file or not be let write one."""
    jobs = list(workflow.dag.needrun_jobs())
    training = [job for job in jobs if job.rule.name == "train_model"]
    try:
        check_files(config, [(job.rule.name, known_of(job)) for job in jobs])
        check_ranks(config, (MODELS[job.wildcards.model] for job in training))
        check_features(indexes_read(jobs))
        check_writable(Path(path) for job in jobs for path in job.output)
    except InputError as error:
        raise WorkflowError(str(error)) from None


def indexes_read(jobs):
    """Of the features that ``jobs`` read, the indexes that none of them makes, sorted."""
    readers = [
        job
        for job in jobs
        if job.rule.name in ("train_model", "decode", "record_routing")
    ]
    read = {
        path
        for job in readers
        for path in job.input
        if path.startswith("results/features/")
    }
    return sorted(map(Path, read - {path for job in jobs for path in job.output}))


def known_of(job):
    """Wildcards of a job, and the name of the LLM of its model if it has one."""
    wildcards = dict(job.wildcards.items())
    if "model" in wildcards:
        wildcards["llm"] = MODELS[wildcards["model"]].llm
    return wildcards


def code(module):
    """Params function: digest of all code that ``python -m mavsr.<module>`` runs; its change reruns the job."""
    # A function, because a job on a cluster needs one digest, not those of all rules.
    return lambda wildcards: code_digest(f"mavsr.{module}")


def shard_names(wildcards):
    """Zero-padded shard numbers of a split."""
    count = config["corpora"][wildcards.corpus]["shards"][wildcards.split]
    return [f"{number:05d}" for number in range(count)]


def weight_files(path, read=ENCODER):
    """What a job that loads ``path`` depends on: a toy model's files, a user's own, or none (hub)."""
    if path.startswith("results/toy/"):
        stem = path.removesuffix(".pt")
        return [path, f"{stem}.json"] if path != stem else toy_folder(path)
    return [str(file) for file in identity_files(path, read)]


def toy_folder(path):
    """The two files of a toy model's folder that rules know."""
    return [f"{path}/toy.json", f"{path}/model.safetensors"]


def manifest(split):
    """Input function: the manifest of a model's corpus."""
    return (
        lambda wildcards: f"results/corpus/{MODELS[wildcards.model].corpus}/{split}.parquet"
    )


def section(*keys):
    """Params function: a part of the config as JSON, so that a job depends on that part alone."""

    def value(wildcards):
        part = config
        for key in keys:
            part = part[key]
        return json.dumps(part)

    return value


def per_corpus(key):
    """Params function: a part of a corpus' config, as JSON."""
    return lambda wildcards: json.dumps(config["corpora"][wildcards.corpus][key])


include: "../functions/corpus.smk"
include: "../functions/mouths.smk"
include: "../functions/noise.smk"
include: "../functions/toy.smk"
include: "../functions/features.smk"
include: "../functions/training.smk"
include: "../functions/evaluation.smk"
include: "../functions/report.smk"
