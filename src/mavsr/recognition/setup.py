"""The part of a config that a trained model needs to take files of one's own: its setup.

The workflow hands it to training, which keeps it in ``run.json``; ``mavsr seal`` writes it into a
model of an earlier version. So a model needs no config any more. Nothing here imports torch.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

FEATURES = ("dtype", "precision", "long_clips", "longest_s")
"""Keys of ``features`` that concern the tokens of a single clip."""
MOUTHS = (
    "detector",
    "retinaface",
    "landmarks",
    "detect_every",
    "codec",
    "min_frames",
    "max_av_gap_s",
)
"""Keys of ``mouths`` that concern the crops of a single clip."""


def describe_setup(
    config: Mapping[str, Any], corpora: Sequence[str], encoders: Mapping[str, str], llm: str
) -> dict[str, Any]:
    """The setup of a model, in the config's own words, as a JSON object.

    Args:
        config: checked.
        corpora: what the config calls the corpora that the model is trained on.
        encoders: modality -> what the config calls its encoder.
        llm: what it calls the LLM.
    """
    content = {
        "corpora": list(corpora),
        "encoders": {m: {"name": name, **config["encoders"][name]} for m, name in encoders.items()},
        "llm": {"name": llm, **{k: config["llms"][llm][k] for k in ("path", "revision")}},
        "mouths": {key: config["mouths"][key] for key in MOUTHS},
        "features": {key: config["features"][key] for key in FEATURES},
        "decoding": config["decoding"],
    }
    return json.loads(json.dumps(content))
