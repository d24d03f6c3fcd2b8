"""Encode the clips of one shard with a frozen encoder.

``python -m mavsr.features.extract --shard IN.tar --encoder '{"kind": "whisper", "path": "..."}'
--condition clean --output OUT.tar``

Sound comes as it is stored (field ``flac``): clean from a mouths shard, noisy from a noise shard.
Video comes from a mouths shard (field ``mkv``) and is augmented here if the condition is a training
view. The encoder is in eval mode (no dropout, fixed batch statistics), clips run one by one: no
feature depends on its neighbours. Each becomes ``<key>.safetensors`` with the tensor ``features``
(tokens, dim).
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import safetensors.torch
import torch

from mavsr.command import progress, run_command
from mavsr.encoders import Encoder, EncoderSettings, load_encoder
from mavsr.errors import InputError
from mavsr.features.cache import FIELD, TENSOR
from mavsr.features.views import clean_view, random_view
from mavsr.media import decode_audio, decode_video
from mavsr.noise.condition import Condition
from mavsr.shards import Fields, extents, read_shard, write_shard

_INPUT_FIELD = {"audio": "flac", "video": "mkv"}

DType = Literal["float16", "bfloat16", "float32"]


@dataclass(frozen=True)
class ExtractSettings:
    """How features are made, apart from the encoder and the condition.

    Attributes:
        seed: of the training views.
        flip: whether training views are mirrored half of the time.
        dtype: of the stored tokens. float16 is finer, bfloat16 never overflows.

    """

    seed: int = 0
    flip: bool = True
    dtype: DType = "float16"

    def __post_init__(self) -> None:
        if self.dtype not in get_args(DType):
            raise InputError(f"dtype is {self.dtype!r}; choose {', '.join(get_args(DType))}")


def encode_clip(
    key: str, fields: Fields, encoder: Encoder, condition: Condition, settings: ExtractSettings
) -> torch.Tensor:
    """Tokens (tokens, dim) of one clip in the configured dtype, on the CPU.

    Raises:
        InputError: the clip lacks the field, does not suit the encoder, or its tokens are not
            finite in this dtype. The message names the key.

    """
    name = _INPUT_FIELD[encoder.modality]
    if name not in fields:
        raise InputError(f"clip {key!r} has no field {name!r}, only {', '.join(sorted(fields))}")
    try:
        if encoder.modality == "audio":
            samples = torch.from_numpy(decode_audio(fields[name]))
        elif condition.kind == "view":
            frames, view = decode_video(fields[name]), int(condition.number)
            samples = random_view(frames, settings.seed, key, view, settings.flip)
        else:
            samples = clean_view(decode_video(fields[name]))
        tokens = encoder.encode([samples])[0]
    except InputError as error:
        raise InputError(f"clip {key!r}: {error}") from error
    features = tokens.to("cpu", getattr(torch, settings.dtype)).contiguous()
    if not features.isfinite().all():
        raise InputError(
            f"clip {key!r}: its features in {settings.dtype} are not all finite; if they are "
            "finite in float32, choose dtype bfloat16 or float32; else check clip and encoder"
        )
    return features


def extract(
    shard: Path,
    encoder: EncoderSettings,
    condition: str,
    output: Path,
    settings: ExtractSettings = ExtractSettings(),
    threads: int = 1,
) -> None:
    """Encode every clip of a shard, on the GPU if there is one.

    Args:
        shard: a mouths shard, or for sound a noise shard.
        encoder: kind and path of the encoder.
        condition: clean, snr_<decibels> or view_<number>.
        output: shard to write.
        settings: seed, flip, dtype.
        threads: CPU threads of the encoder.

    """
    kind = Condition.parse(condition)
    torch.set_num_threads(threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = load_encoder(
        encoder.kind, encoder.path, encoder.revision, encoder.local_files_only, device
    )
    total = len(extents(shard, _INPUT_FIELD[network.modality]))

    def encoded() -> Iterator[tuple[str, Fields]]:
        for key, fields in progress(read_shard(shard), total, f"{encoder.kind} {condition}"):
            features = encode_clip(key, fields, network, kind, settings)
            yield key, {FIELD: safetensors.torch.save({TENSOR: features})}

    try:
        count = write_shard(output, encoded())
    except InputError as error:
        raise InputError(f"{shard}: {error}") from error
    logging.info("%s: %d clips, %s on %s", output, count, settings.dtype, device)


if __name__ == "__main__":
    run_command(extract)
