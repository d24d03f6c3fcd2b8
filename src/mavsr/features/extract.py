"""Encode the clips of one shard with a frozen encoder.

``python -m mavsr.features.extract --shards IN.tar --encoder '{"kind": "whisper", "path": "..."}'
--conditions clean --outputs OUT.tar``

Audio comes as it is stored (field ``flac``): clean from a mouths shard, noisy from a noise shard,
one for each condition. Video comes from a mouths shard (field ``mkv``), and is augmented here if
the condition is a training view, or altered if it is one of tests
(:mod:`mavsr.features.alterations`); all conditions share one decoding of its frames. The encoder is
in eval mode (no dropout, fixed batch statistics): no feature depends on its neighbours, but for
rounding. Each becomes ``<key>.safetensors`` with the tensor ``features``
(tokens, dim), and says what made it.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import av
import numpy as np
import soundfile
import torch

from mavsr.command import progress, run_command
from mavsr.encoders import Encoder, EncoderSettings, load_encoder
from mavsr.encoders.batches import BatchPlan, encode_stream
from mavsr.errors import InputError
from mavsr.features.alterations import altered
from mavsr.features.content import pack
from mavsr.features.header import FIELD, MadeBy
from mavsr.features.settings import ExtractSettings
from mavsr.features.views import clean_view, random_view
from mavsr.media import FRAME_RATE, SAMPLE_RATE, decode_audio, decode_video
from mavsr.mouths.ledger import kept_keys
from mavsr.noise.condition import ALTERATIONS, Condition
from mavsr.shards import Fields, extents, read_shard, shard_writer

_INPUT_FIELD = {"audio": "flac", "video": "mkv"}


def encoder_input(
    key: str, fields: Fields, modality: str, condition: Condition, settings: ExtractSettings
) -> torch.Tensor:
    """What the encoder gets of one clip: a waveform (N,) or a view (1, T, 88, 88), float32.

    Raises:
        InputError: as :func:`read_clip`.

    """
    return shown(key, read_clip(key, fields, modality, settings), modality, condition, settings)


def read_clip(key: str, fields: Fields, modality: str, settings: ExtractSettings) -> np.ndarray:
    """Audio float32 (N,) or crops uint8 (T, 96, 96, 3) of one clip, no longer than is encoded.

    Raises:
        InputError: the clip lacks the field, or it is empty or cannot be decoded. The message names
            the key.

    """
    name = _INPUT_FIELD[modality]
    if name not in fields:
        raise InputError(f"clip {key!r} has no field {name!r}, only {', '.join(sorted(fields))}")
    try:
        samples = decode_audio(fields[name]) if modality == "audio" else decode_video(fields[name])
    except (av.FFmpegError, soundfile.SoundFileError, ValueError) as error:
        raise InputError(
            f"clip {key!r}: its field {name!r} is empty or damaged ({error}); rebuild the shard"
        ) from error
    rate = SAMPLE_RATE if modality == "audio" else FRAME_RATE
    return samples[: int(min(len(samples), settings.limit_s * rate))]


def shown(
    key: str, samples: np.ndarray, modality: str, condition: Condition, settings: ExtractSettings
) -> torch.Tensor:
    """What the encoder gets under a condition of what :func:`read_clip` has read."""
    if modality == "audio":
        return torch.from_numpy(samples)
    if condition.kind == "view":
        return random_view(samples, settings.seed, key, int(condition.number), settings.flip)
    if condition.kind in ALTERATIONS:
        samples = altered(samples, condition, key, settings.seed)
    return clean_view(samples)


def stored_content(
    key: str, tokens: torch.Tensor, made_by: MadeBy, settings: ExtractSettings
) -> bytes:
    """Content of a clip with these tokens (tokens, dim), in the configured dtype.

    Raises:
        InputError: there is none, or they are not finite in this dtype. The message names the key.

    """
    if not len(tokens):
        raise InputError(f"clip {key!r} is empty: it gave no token; drop it in the corpus stage")
    if not tokens.to(getattr(torch, settings.dtype)).isfinite().all():
        raise InputError(
            f"clip {key!r}: its features in {settings.dtype} are not all finite; if they are "
            "finite in float32, choose dtype bfloat16 or float32; else check clip and encoder"
        )
    return pack(tokens, made_by, getattr(torch, settings.dtype))


def origin(
    encoder: Encoder, settings: EncoderSettings, condition: Condition, extraction: ExtractSettings
) -> MadeBy:
    """What tells these features from others: the weights, and every setting that changes them."""
    made_by: MadeBy = {
        "weights": encoder.fingerprint,
        "kind": settings.kind,
        "pad": settings.pad,
        "dtype": extraction.dtype,
        "precision": extraction.precision,
        "numerics": settings.numerics,
    }
    if extraction.long_clips == "truncate":
        made_by["longest_s"] = extraction.longest_s
    if encoder.modality == "audio":
        return made_by | {"pool": extraction.pool}
    if condition.kind == "view":
        drawn = {"view": int(condition.number), "seed": extraction.seed, "flip": extraction.flip}
        return made_by | drawn
    if condition.kind in ALTERATIONS:
        return made_by | {"condition": condition.name, "seed": extraction.seed}
    return made_by


def extract(
    shards: list[Path],
    encoder: EncoderSettings,
    conditions: list[str],
    outputs: list[Path],
    settings: ExtractSettings = ExtractSettings(),  # noqa: B008 (frozen)
    threads: int = 1,
    ledger: Path | None = None,
) -> None:
    """Encode every clip of a shard, on the GPU if there is one.

    Args:
        shards: for video a mouths shard, for audio one shard for each condition.
        encoder: kind and path of the encoder.
        conditions: what has been done to the audio, or is done to the video
            (:mod:`mavsr.noise.condition`).
        outputs: shards to write, one for each condition.
        settings: how.
        threads: CPU threads of the encoder.
        ledger: of the shard's mouth crops; shards must hold every clip that was kept.

    Raises:
        InputError: there are not as many outputs, or shards, as conditions; or see
            :func:`encode_shard`.

    """
    shared = encoder.modality == "video" and len(shards) == 1
    if len(outputs) != len(conditions) or (len(shards) != len(conditions) and not shared):
        counts = f"{len(shards)} shards and {len(outputs)} outputs"
        raise InputError(
            f"{len(conditions)} conditions, but {counts}; give an output for each, and of audio, "
            "which comes under its noise, a shard for each"
        )
    kinds = [Condition.parse(condition) for condition in conditions]
    torch.set_num_threads(threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = load_encoder(encoder, device, settings.long_clips == "split")
    targets = [
        Target(kind, output, origin(network, encoder, kind, settings))
        for kind, output in zip(kinds, outputs, strict=True)
    ]
    expected = kept_keys(ledger) if ledger else None
    groups = [targets] if shared else [[target] for target in targets]
    for shard, group in zip(shards, groups, strict=True):
        count = encode_shard(shard, network, group, settings, expected)
        for target in group:
            logging.info("%s: %d clips, %s on %s", target.output, count, settings.dtype, device)


@dataclass(frozen=True)
class Target:
    """A shard of features to write: the condition of its clips, its path, and what makes it."""

    condition: Condition
    output: Path
    made_by: MadeBy


def encode_shard(
    shard: Path,
    network: Encoder,
    targets: Sequence[Target],
    settings: ExtractSettings,
    expected: list[str] | None = None,
) -> int:
    """Encode every clip of a shard under each condition; return how many clips there are.

    ``expected`` are the keys that must be in it; what is there is taken if it is not given.

    Memory does not grow with the shard: clips are read, encoded and written as a stream.

    Raises:
        InputError: a clip cannot be encoded; the message names shard and clip, and no output
            appears.

    """
    modality = network.modality
    plan = BatchPlan.suited_to(network, settings.batch_s)
    total = len(extents(shard, _INPUT_FIELD[modality]))
    names = " ".join(target.condition.name for target in targets)

    def inputs() -> Iterator[tuple[str, torch.Tensor]]:
        clips = read_shard(shard, expected)
        for key, fields in progress(clips, total, f"{shard.name} {names}"):
            samples = read_clip(key, fields, modality, settings)
            for target in targets:
                yield key, shown(key, samples, modality, target.condition, settings)

    count = 0
    try:
        with ExitStack() as stack:
            adders = [stack.enter_context(shard_writer(target.output)) for target in targets]
            turns = cycle(zip(targets, adders, strict=True))
            encoded = encode_stream(inputs(), network, plan, settings.precision)
            for (target, add), (key, tokens) in zip(turns, encoded, strict=False):
                add(key, {FIELD: stored_content(key, tokens, target.made_by, settings)})
                count += 1
    except InputError as error:
        raise InputError(f"{shard}: {error}") from error
    return count // len(targets)


if __name__ == "__main__":
    run_command(extract)
