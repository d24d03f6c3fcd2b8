"""What the rules share: the checked config, the models it asks for, where their inputs lie."""

import json
import os
import re
import shlex
from pathlib import Path
from types import SimpleNamespace

from mavsr.configuration import check_config, expand_homes, restore_types
from mavsr.corpus.download.settings import RemoteFile
from mavsr.corpus.readers import reading_settings
from mavsr.errors import InputError
from mavsr.experiments import all_evaluations, all_models, evaluations
from mavsr.features.needs import pool_size, training_views
from mavsr.preflight import check_files
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
from snakemake.exceptions import WorkflowError

try:
    restore_types(config)
    expand_homes(config)
    check_config(config)
    link_results(config["results_dir"])
    EVALUATIONS = all_evaluations(config)
    MODELS = all_models(config)
except InputError as error:
    raise WorkflowError(str(error)) from None


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
VIEW_NOISE = {"seed", "snrs", "mask_samples", "mask_stride"}
RUNNING = ("save_every_s", "workers", "pack_tokens", "gradient_checkpointing")


wildcard_constraints:
    corpus="|".join(config["corpora"]),
    encoder="|".join(config["encoders"]),
    model="|".join(map(re.escape, MODELS)),
    split="train|val|test",
    condition=r"clean|snr_[0-9.-]+|view_\d+",
    shard=r"\d{5}",
    experiment="|".join(map(re.escape, config["experiments"])),
    name="|".join(map(re.escape, TABLES | FIGURES)),
    scale=r"a\d+(_v\d+)?|v\d+",


def evaluations_of(experiment):
    """What an experiment decodes; nothing if the config lacks it."""
    return (
        evaluations(config, experiment) if experiment in config["experiments"] else []
    )


def hypotheses(suffix):
    """Input function: an experiment's hypothesis files, or the sidecars beside them."""
    return lambda wildcards: [
        f"results/evaluation/{e.path}{suffix}"
        for e in evaluations_of(wildcards.experiment)
    ]


def origin_json(wildcards):
    """What the config calls corpus, encoders and LLM of a model."""
    model = MODELS[wildcards.model]
    return json.dumps(
        {
            "corpus": model.corpus,
            "split": "test",
            "encoders": "+".join(name for _, name in model.encoders),
            "llm": model.llm,
            "variant": model.settings.variant,
        }
    )


def shown(beginnings=("",)):
    """Files of the tables and figures that have anything to show under this config."""
    files = [(TABLES, ("csv", "md", "tex", "html")), (FIGURES, ("pdf", "png"))]
    return [
        f"results/{name}.{suffix}"
        for names, suffixes in files
        for name, experiment in names.items()
        if experiment is None or evaluations_of(experiment)
        if name.startswith(beginnings)
        for suffix in suffixes
    ]


def scores_of(wildcards):
    """Input function: the scores that a table or figure shows, if it shows any."""
    try:
        experiment = experiment_of(wildcards.name, config["experiments"])
    except InputError as error:
        raise WorkflowError(str(error)) from None
    if experiment and not evaluations_of(experiment):
        raise WorkflowError(
            f"{wildcards.name} shows experiments.{experiment}, of which use_experiments or "
            "use_corpora leaves nothing; add it there, or set both to null"
        )
    return f"results/evaluation/{experiment}.csv" if experiment else []


def report_category(wildcards):
    """Heading in the report under which a table or figure stands."""
    if wildcards.name.startswith("mome/"):
        return "MoME"
    return "Llama-MTSK" if wildcards.name.startswith(PAPERS) else "Beyond the papers"


def caption_of(wildcards):
    """What a figure shows."""
    return CAPTIONS[wildcards.name]


def ledger_summaries(wildcards):
    """What became of the clips of every corpus that a model uses."""
    corpora = sorted({model.corpus for model in MODELS.values()})
    return [f"results/mouths/{corpus}/ledger_summary.csv" for corpus in corpora]


def routing_of(wildcards):
    """Input function: which experts the first model of the figure's experiment uses, if shown."""
    if wildcards.name not in ROUTED:
        return []
    return [
        f"results/evaluation/{e.model.name}/clean/routing.csv"
        for e in evaluations_of(FIGURES[wildcards.name])
    ][:1]


def report_json(wildcards):
    """What of the config tables and figures read."""
    kinds = {name: corpus["kind"] for name, corpus in config["corpora"].items()}
    return json.dumps(
        {"kinds": kinds, "rates": config["rates"], "table4": config["table4"]}
    )


def check_planned():
    """Stop a run, not a dry run, whose jobs would sooner or later miss the user's own files."""
    jobs = workflow.dag.needrun_jobs()
    try:
        check_files(
            config, [(job.rule.name, dict(job.wildcards.items())) for job in jobs]
        )
    except InputError as error:
        raise WorkflowError(str(error)) from None


def code(module):
    """Digest of all code that ``python -m mavsr.<module>`` runs, for params: its change reruns the job."""
    return code_digest(f"mavsr.{module}")


def shard_names(wildcards):
    """Zero-padded shard numbers of a split."""
    count = config["corpora"][wildcards.corpus]["shards"][wildcards.split]
    return [f"{number:05d}" for number in range(count)]


def one_of(names):
    """Wildcard constraint: any of ``names``, or nothing at all where there are none."""
    return "|".join(map(re.escape, filter(None, names))) or "(?!)"


def corpus_tree(wildcards):
    """The listing of a corpus that the workflow makes or fetches; nothing for one that is there."""
    ours = wildcards.corpus in MADE + FETCHED
    return f"results/corpus/{wildcards.corpus}/tree.json" if ours else []


def download_json(wildcards):
    """What is fetched of a corpus, without what does not change the tree."""
    section = config["corpora"][wildcards.corpus]["download"]
    return json.dumps({k: section[k] for k in ("archives", "files") if k in section})


def download_option(key, default):
    """Resources function: how a corpus is fetched, which changes no result."""
    return lambda wildcards: json.dumps(
        config["corpora"][wildcards.corpus]["download"].get(key, default)
    )


def babble_file(wildcards):
    """The configured babble, or that mixed from the corpus' own training voices."""
    place = "" if config["noise"]["babble"] else f"{wildcards.corpus}/"
    return f"results/noise/{place}babble.flac"


def babble_source(wildcards):
    """The configured babble, or where ``download_babble`` puts it."""
    babble = config["noise"]["babble"]
    return babble if isinstance(babble, str) else f"results/noise/download/{BABBLE}"


def babble_input(wildcards):
    """The same, but nothing if it is missing: a dry run works, and the job says so."""
    source = babble_source(wildcards)
    own = isinstance(config["noise"]["babble"], str)
    return [] if own and not Path(source).is_file() else [source]


def sound_shard(wildcards):
    """The shard that an encoder reads: noisy sound where the condition makes any, else the crops."""
    stem = f"{wildcards.corpus}/{wildcards.split}"
    noisy = wildcards.condition != "clean" and is_audio(wildcards.encoder)
    folder = f"noise/{stem}/{wildcards.condition}" if noisy else f"mouths/{stem}"
    return f"results/{folder}/{wildcards.shard}.tar"


def is_audio(encoder):
    """Whether a configured encoder hears (or else sees)."""
    return config["encoders"][encoder]["kind"] == "whisper"


def weight_files(path):
    """What a job that loads ``path`` depends on: a stand-in's files, a user's own, or none (hub)."""
    if path.startswith("results/standins/"):
        stem = path.removesuffix(".pt")
        return [path, f"{stem}.json"] if path != stem else standin_folder(path)
    here = Path(path)
    return [path] if here.is_file() else sorted(map(str, here.glob("*.safetensors")))


def standin_folder(path):
    """The two files of a stand-in's folder that rules know."""
    return [f"{path}/standin.json", f"{path}/model.safetensors"]


def encoder_files(wildcards):
    """The stand-in behind an encoder, if it is one."""
    return weight_files(config["encoders"][wildcards.encoder]["path"])


def encoder_json(wildcards):
    """Kind, path and revision of an encoder, for a command line."""
    return json.dumps(config["encoders"][wildcards.encoder])


def llm_files(wildcards):
    """The stand-in behind a model's LLM, if it is one."""
    return weight_files(config["llms"][MODELS[wildcards.model].llm]["path"])


def manifest(split):
    """Input function: the manifest of a model's corpus."""
    return (
        lambda wildcards: f"results/corpus/{MODELS[wildcards.model].corpus}/{split}.parquet"
    )


def features(modality, split, conditions):
    """Input function: the ``index.json`` of a model's features, one per condition.

    Args:
        modality: audio or video; nothing is returned for a task that lacks it.
        split: train, val or test.
        conditions: function of the wildcards that lists condition names.
    """

    def indexes(wildcards):
        model = MODELS[wildcards.model]
        encoder = dict(model.encoders).get(modality)
        return [
            f"results/features/{encoder}/{model.corpus}/{split}/{condition}/index.json"
            for condition in (conditions(wildcards) if encoder else [])
        ]

    return indexes


def all_views(wildcards):
    """Conditions of the training split; none where training encodes its own."""
    return training_views(config)


def only_clean(wildcards):
    """Condition of the validation split, and of video whatever the noise."""
    return ["clean"]


def heard(wildcards):
    """Condition of the sound under test."""
    return [wildcards.condition]


def model_json(wildcards):
    """Settings of a model, for a command line."""
    return json.dumps(MODELS[wildcards.model].settings.to_dict())


def section(*keys):
    """Params function: a part of the config as JSON, so that a job depends on that part alone."""

    def value(wildcards):
        part = config
        for key in keys:
            part = part[key]
        return json.dumps(part)

    return value


def corpus_lists(wildcards):
    """The user's table or list of clips that decides how a corpus is read, if it is there."""
    corpus = config["corpora"][wildcards.corpus]
    names = [corpus.get("transcripts"), corpus.get("validation")]
    return [name for name in names if name and Path(name).is_file()]


def corpus_reading(wildcards):
    """Kind of a corpus and how it is read, for a command line."""
    return json.dumps(reading_settings(config["corpora"][wildcards.corpus]))


def per_corpus(key):
    """Params function: a part of a corpus' config, as JSON."""
    return lambda wildcards: json.dumps(config["corpora"][wildcards.corpus][key])


def crop_settings(wildcards):
    """Settings of the cropping job: of the config's section what changes its crops."""
    mouths = config["mouths"]
    reads = {"detector", "detect_every", "min_frames", "max_av_gap_s", "codec"}
    settings = {k: v for k, v in mouths.items() if k in reads}
    if mouths["detector"] == "landmarks":
        settings["landmarks"] = mouths["landmarks"]
    if mouths["detector"] == "retinaface":
        settings["weights"] = detector_weights(wildcards)
    return json.dumps(settings)


def detector_weights(wildcards):
    """The file of the detector's weights: the user's own, a fetched one, or none."""
    weights = config["mouths"]["retinaface"]["weights"]
    if config["mouths"]["detector"] != "retinaface":
        return []
    return "results/mouths/retinaface.weights" if "://" in weights else weights


def retinaface_file(wildcards):
    """URL and SHA-256 of the detector's weights, as JSON."""
    settings = config["mouths"]["retinaface"]
    return json.dumps({"url": settings["weights"], "sha256": settings["sha256"]})


def mouth_sheets(wildcards):
    """What a person looks at to judge the crops of every corpus that an experiment uses."""
    corpora = sorted({model.corpus for model in MODELS.values()})
    return [
        path
        for corpus in corpora
        for path in (
            f"results/mouths/{corpus}/ledger_summary.csv",
            *(
                f"results/report/mouths/{corpus}_{s}.png"
                for s in ("train", "val", "test")
            ),
        )
    ]


def noise_settings(wildcards):
    """Settings of a mixing job: masks and ratios matter to training views alone."""
    reads = {"seed"} if wildcards.condition.startswith("snr_") else VIEW_NOISE
    return json.dumps({k: v for k, v in config["noise"].items() if k in reads})


def whisper_settings(wildcards):
    """Settings of the audio stand-in: the config's section without the noise it hears."""
    return json.dumps(
        {k: v for k, v in config["standins"]["whisper"].items() if k != "snrs"}
    )


def whisper_noise(wildcards):
    """Noise in the audio stand-in's own training."""
    noise = {k: v for k, v in config["noise"].items() if k in VIEW_NOISE}
    return json.dumps({**noise, "snrs": config["standins"]["whisper"]["snrs"]})


def extract_settings(wildcards):
    """Settings of a features job: of the config's section what changes its tokens."""
    audio, section = is_audio(wildcards.encoder), config["features"]
    reads = {"dtype", "precision"}
    if wildcards.condition.startswith("view_") and not audio:
        reads |= {
            "seed",
            "flip",
        }  # only video's training views are drawn at random here
    if section["long_clips"] == "truncate":
        reads |= {"long_clips", "longest_s"}
    settings = {k: v for k, v in section.items() if k in reads}
    if audio and section["store"] == "pooled":
        settings["pool"] = pool_size(
            MODELS.values(), wildcards.encoder, wildcards.corpus
        )
    return json.dumps(settings)


def training_settings(wildcards):
    """Settings of a training job, without those that change no result (RUNNING)."""
    common = {
        k: v
        for k, v in config["training"].items()
        if k not in RUNNING and k != "per_task"
    }
    task = MODELS[wildcards.model].settings.task
    return json.dumps(common | config["training"].get("per_task", {}).get(task, {}))


def training_running():
    """The settings that change no result, as command-line options."""
    values = {name: json.dumps(config["training"][name]) for name in RUNNING}
    return " ".join(f"--training.{name} {value}" for name, value in values.items())


def decoding_settings(wildcards):
    """Settings of a decoding job that change its result: not its batches, nor unused sampling."""
    unread = {"batch_tokens"} | (
        set() if config["decoding"]["profile"] == "paper" else {"sampling"}
    )
    return json.dumps({k: v for k, v in config["decoding"].items() if k not in unread})


def standin_shards(split):
    """Input function: the mouth shards of a split that a stand-in is trained or judged on."""

    def shards(wildcards):
        count = config["corpora"][wildcards.corpus]["shards"][split]
        folder = f"results/mouths/{wildcards.corpus}/{split}"
        return [f"{folder}/{number:05d}.tar" for number in range(count)]

    return shards


def online_inputs(wildcards):
    """What training reads of its split where it runs the encoders itself; else nothing."""
    if config["features"]["mode"] == "cached":
        return []
    model = MODELS[wildcards.model]
    folder = f"results/mouths/{model.corpus}/train"
    hears = "audio" in dict(model.encoders)
    babble = [babble_file(SimpleNamespace(corpus=model.corpus))] if hears else []
    weights = [
        file
        for _, name in model.encoders
        for file in weight_files(config["encoders"][name]["path"])
    ]
    return [f"{folder}/index.json", *babble, *weights]


def training_features(wildcards, input):
    """The command-line options for a training job's features, cached or not."""
    options = feature_options(input)
    if config["features"]["mode"] == "cached":
        return options
    model, section = MODELS[wildcards.model], config["features"]
    reads = {"dtype", "precision", "seed", "flip", "long_clips", "longest_s"}
    online = {
        "mouths": input.online[0],
        "babble": input.online[1] if "audio" in dict(model.encoders) else None,
        "noise": {k: v for k, v in config["noise"].items() if k in VIEW_NOISE},
        "extraction": {k: v for k, v in section.items() if k in reads},
    } | {f"{m}_encoder": config["encoders"][name] for m, name in model.encoders}
    return f"{options} --online {shlex.quote(json.dumps(online))}"


def feature_options(input):
    """The command-line options for the features that a job has, of those it could have."""
    options = ("audio", "video", "audio_val", "video_val")
    return " ".join(
        f"--{name} " + " ".join(map(str, files))
        for name in options
        if (files := list(input.get(name) or []))
    )
