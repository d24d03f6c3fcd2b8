"""What a training job reads, and its settings."""

import shlex
from types import SimpleNamespace


def llm_files(wildcards):
    """Weights, config and tokenizer of a model's LLM, or the toy model behind it."""
    return weight_files(config["llms"][MODELS[wildcards.model].llm]["path"], LLM)


def model_json(wildcards):
    """Settings of a model, for a command line."""
    return json.dumps(MODELS[wildcards.model].settings.to_dict())


def setup_json(wildcards):
    """What a model's folder is to say of the way to its tokens and transcripts."""
    model = MODELS[wildcards.model]
    setup = describe_setup(config, [model.corpus], dict(model.encoders), model.llm)
    return json.dumps(setup)


def training_settings(wildcards):
    """Settings of a training job, without those that change no result (RUNNING)."""
    task = MODELS[wildcards.model].settings.task
    return json.dumps(training_section(config, task))


def training_running():
    """The settings that change no result, as command-line options."""
    values = {name: json.dumps(config["training"][name]) for name in RUNNING}
    return " ".join(f"--training.{name} {value}" for name, value in values.items())


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
