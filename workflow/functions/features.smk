"""What an encoder reads, and where features lie."""


def sound_shard(wildcards):
    """The shard that an encoder reads: noisy sound where the condition makes any, else the crops."""
    stem = f"{wildcards.corpus}/{wildcards.split}"
    noisy = wildcards.condition != "clean" and is_audio(wildcards.encoder)
    folder = f"noise/{stem}/{wildcards.condition}" if noisy else f"mouths/{stem}"
    return f"results/{folder}/{wildcards.shard}.tar"


def is_audio(encoder):
    """Whether a configured encoder hears (or else sees)."""
    return ENCODES[config["encoders"][encoder]["kind"]] == "audio"


def encoder_files(wildcards):
    """The toy model behind an encoder, if it is one."""
    return weight_files(config["encoders"][wildcards.encoder]["path"])


def encoder_json(wildcards):
    """Kind, path and revision of an encoder, for a command line."""
    return json.dumps(config["encoders"][wildcards.encoder])


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


def feature_indexes(wildcards):
    """The ``index.json`` of everything that experiments train, validate and test on."""
    return [
        f"results/features/{c.encoder}/{c.corpus}/{c.split}/{c.condition}/index.json"
        for c in wanted_caches(config)
    ]


def all_views(wildcards):
    """Conditions of the training split; none where training encodes its own."""
    return training_views(config)


def only_clean(wildcards):
    """Condition of the validation split, and of video whatever the noise."""
    return ["clean"]


def heard(wildcards):
    """Condition of the sound under test."""
    return [wildcards.condition]


def feature_options(input):
    """The command-line options for the features that a job has, of those it could have."""
    options = ("audio", "video", "audio_val", "video_val")
    return " ".join(
        f"--{name} " + " ".join(map(str, files))
        for name in options
        if (files := list(input.get(name) or []))
    )
