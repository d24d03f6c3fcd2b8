"""From a video file to the tokens of the frozen encoders, through the code of the stages."""

import logging
import math
from collections.abc import Collection, Mapping
from pathlib import Path

import torch

from mavsr.encoders import Encoder
from mavsr.encoders.batches import BatchPlan, encode_stream
from mavsr.features.align import align_tokens
from mavsr.features.content import unpack
from mavsr.features.extract import encoder_input, stored_content
from mavsr.features.settings import ExtractSettings
from mavsr.media import encode_audio
from mavsr.mouths.audio import read_heard
from mavsr.mouths.clip import CropSettings
from mavsr.mouths.prepare import Clip, Measured, prepare
from mavsr.mouths.reel import held_memory
from mavsr.noise.condition import Condition
from mavsr.shards import Fields

_log = logging.getLogger(__name__)

CLEAN = Condition("clean")

FIELDS = {"audio": "flac", "video": "mkv"}
"""Modality -> what holds it in a clip."""


def there_of(clip: Fields) -> tuple[str, ...]:
    """The modalities that a clip has."""
    return tuple(modality for modality, field in FIELDS.items() if field in clip)


def read_clip(
    file: Path,
    start: float,
    end: float | None,
    modalities: Collection[str],
    settings: CropSettings,
) -> Fields:
    """Mouth crops (``mkv``) and audio (``flac``) of a file, as the mouths stage stores them.

    What that stage refuses is refused, and what it remarks on is logged as a warning.

    Args:
        file: a video; audio alone is enough for a model that does not see.
        start: where the utterance begins, seconds.
        end: where it ends, seconds; None means the end of the file.
        modalities: what the model hears and sees.
        settings: how mouths are found.

    Raises:
        InputError: the clip cannot be used; see :func:`mavsr.mouths.prepare.prepare` and, for audio
            alone, :func:`mavsr.mouths.audio.read_heard`.
    """
    span = start, math.nan if end is None else end
    measured = Measured()
    if "video" in modalities:
        clip = Clip(file, file if "audio" in modalities else None, *span)
        fields = prepare(clip, settings, held_memory(), measured)
    else:
        audio, measured.remarks = read_heard(file, *span)
        fields = {"flac": encode_audio(audio)}
    for remark in measured.remarks:
        _log.warning("%s: look at it: %s", file, remark)
    return fields


def clip_tokens(
    key: str, clip: Fields, encoders: Mapping[str, Encoder], settings: ExtractSettings
) -> dict[str, torch.Tensor]:
    """Tokens (T, d) of a clip by modality, rounded and aligned as cached features are.

    Args:
        key: names the clip in messages.
        clip: from :func:`read_clip`.
        encoders: modality -> frozen encoder.
        settings: how tokens are made.

    Raises:
        InputError: an encoder refuses the clip.
    """
    [tokens] = tokens_of({key: clip}, encoders, settings)
    return tokens


def tokens_of(
    clips: Mapping[str, Fields], encoders: Mapping[str, Encoder], settings: ExtractSettings
) -> list[dict[str, torch.Tensor]]:
    """Tokens of some clips, as :func:`clip_tokens` has them; several are encoded together.

    Args:
        clips: key -> fields, such as :func:`read_clip` gives.
        encoders: modality -> frozen encoder.
        settings: how tokens are made.

    Raises:
        InputError: an encoder refuses a clip; the message names its key.
    """
    encoded = {
        modality: _encoded(clips, modality, encoder, settings)
        for modality, encoder in encoders.items()
    }
    audio = encoders.get("audio")
    cut = audio is None or audio.numerics.aligned
    return [
        align_tokens(key, {modality: tokens[key] for modality, tokens in encoded.items()}, cut)
        for key in clips
    ]


def _encoded(
    clips: Mapping[str, Fields], modality: str, encoder: Encoder, settings: ExtractSettings
) -> dict[str, torch.Tensor]:
    """Key -> tokens (T, d) of one modality."""
    inputs = (
        (key, encoder_input(key, fields, modality, CLEAN, settings))
        for key, fields in clips.items()
    )
    plan = BatchPlan.suited_to(encoder, settings.batch_s)
    stream = encode_stream(inputs, encoder, plan, settings.precision)
    return {key: unpack(stored_content(key, tokens, {}, settings)) for key, tokens in stream}
