"""Where babble comes from, and what mixing it in depends on."""

VIEW_NOISE = {"seed", "snrs", "mask_samples", "mask_stride"}


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


def noise_settings(wildcards):
    """Settings of a mixing job: masks and ratios matter to training views alone."""
    reads = {"seed"} if wildcards.condition.startswith("snr_") else VIEW_NOISE
    return json.dumps({k: v for k, v in config["noise"].items() if k in reads})
