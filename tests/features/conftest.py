"""Crops and sound of two clips, and tiny encoders in their public formats."""

import json

import numpy as np
import pytest
import torch
from tiny import save_avhubert, save_whisper

from mavsr.media import encode_audio, encode_lossless
from mavsr.shards import write_shard

# Tiny networks: more threads cost more than they bring.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """A shard with a clip of 2.64 s, and encoders of which one hears a second at most."""
    folder = tmp_path_factory.mktemp("long")
    draw = np.random.default_rng(0)
    samples = (
        (
            key,
            {
                "mkv": encode_lossless(draw.integers(0, 256, (frames, 96, 96, 3), np.uint8)),
                "flac": encode_audio(draw.uniform(-0.5, 0.5, 640 * frames).astype(np.float32)),
                "json": json.dumps({"frames": frames}).encode(),
            },
        )
        for key, frames in {"clip_long": 66, "clip_short": 20}.items()
    )
    write_shard(folder / "in.tar", samples)
    save_whisper(folder / "w", chunk_s=1)
    save_avhubert(folder / "v.pt")
    return folder
