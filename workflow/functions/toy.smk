"""What the toy models are trained on."""


def whisper_settings(wildcards):
    """Settings of the toy audio encoder: the config's section without the noise it hears."""
    return json.dumps(
        {k: v for k, v in config["toy"]["whisper"].items() if k != "snrs"}
    )


def whisper_noise(wildcards):
    """Noise in the audio toy model's own training."""
    noise = {k: v for k, v in config["noise"].items() if k in VIEW_NOISE}
    return json.dumps({**noise, "snrs": config["toy"]["whisper"]["snrs"]})


def toy_shards(split):
    """Input function: the mouth shards of a split that a toy model is trained or judged on."""

    def shards(wildcards):
        count = config["corpora"][wildcards.corpus]["shards"][split]
        folder = f"results/mouths/{wildcards.corpus}/{split}"
        return [f"{folder}/{number:05d}.tar" for number in range(count)]

    return shards
