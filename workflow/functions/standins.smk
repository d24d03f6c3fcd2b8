"""What the stand-ins are trained on."""


def whisper_settings(wildcards):
    """Settings of the audio stand-in: the config's section without the noise it hears."""
    return json.dumps(
        {k: v for k, v in config["standins"]["whisper"].items() if k != "snrs"}
    )


def whisper_noise(wildcards):
    """Noise in the audio stand-in's own training."""
    noise = {k: v for k, v in config["noise"].items() if k in VIEW_NOISE}
    return json.dumps({**noise, "snrs": config["standins"]["whisper"]["snrs"]})


def standin_shards(split):
    """Input function: the mouth shards of a split that a stand-in is trained or judged on."""

    def shards(wildcards):
        count = config["corpora"][wildcards.corpus]["shards"][split]
        folder = f"results/mouths/{wildcards.corpus}/{split}"
        return [f"{folder}/{number:05d}.tar" for number in range(count)]

    return shards
