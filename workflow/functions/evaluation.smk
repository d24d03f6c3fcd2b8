"""What experiments decode, and how."""


def evaluations_of(experiment):
    """What an experiment decodes; nothing if the config lacks it."""
    return ASKED.get(experiment, [])


def hypotheses(suffix):
    """Input function: an experiment's hypothesis files, or the sidecars beside them."""
    return lambda wildcards: [
        f"results/evaluation/{e.path}{suffix}"
        for e in evaluations_of(wildcards.experiment)
    ]


def clips_decoded(wildcards):
    """What says which clips an experiment's hypotheses must be of: manifests, and ledgers of crops."""
    corpora = sorted({e.model.corpus for e in evaluations_of(wildcards.experiment)})
    return [
        path
        for corpus in corpora
        for path in (
            f"results/corpus/{corpus}/test.parquet",
            f"results/mouths/{corpus}/test/ledger.csv",
        )
    ]


def model_weights(wildcards):
    """What a model's folder holds beside ``run.json``, which is written with it and last."""
    folder = f"results/training/{wildcards.model}"
    return [f"{folder}/projectors.safetensors", f"{folder}/adapters"]


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


def decoding_settings(wildcards):
    """Settings of a decoding job that change its result: not its batches, nor unused sampling."""
    unread = {"batch_tokens"} | (
        set() if config["decoding"]["profile"] == "paper" else {"sampling"}
    )
    return json.dumps({k: v for k, v in config["decoding"].items() if k not in unread})
