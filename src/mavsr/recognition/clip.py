"""From a video file to the tokens of the frozen encoders, through the code of the stages."""

import math
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import torch

from mavsr.encoders import Encoder
from mavsr.encoders.batches import encode_stream
from mavsr.features.align import align_tokens
from mavsr.features.content import unpack
from mavsr.features.extract import encoder_input, stored_content
from mavsr.features.settings import ExtractSettings
from mavsr.media import FRAME_RATE, SAMPLES_PER_FRAME, encode_audio, read_audio
from mavsr.mouths.clip import CropSettings, Lengths, check_lengths, encode
from mavsr.mouths.crop import locate
from mavsr.mouths.reel import Reel, held_memory
from mavsr.noise.condition import Condition
from mavsr.shards import Fields

CLEAN = Condition("clean")


def read_clip(
    file: Path,
    start: float,
    end: float | None,
    modalities: Collection[str],
    settings: CropSettings,
) -> Fields:
    """Mouth crops (``mkv``) and sound (``flac``) of a file, as the mouths stage stores them.

    Args:
        file: a video; sound alone is enough for a model that does not see.
        start: where the utterance begins, seconds.
        end: where it ends, seconds; None means the end of the file.
        modalities: what the model hears and sees.
        settings: how mouths are found.

    Raises:
        InputError: the file cannot be read, shows no face, is too short, or its picture and sound
            do not belong together.
    """
    span = start, math.nan if end is None else end
    if "video" not in modalities:
        return {"flac": encode_audio(read_audio(file, *span))}
    frames = Reel(file, *span, held_memory())
    silence = np.zeros(len(frames) * SAMPLES_PER_FRAME, np.float32)
    sound = read_audio(file, *span) if "audio" in modalities else silence
    check_lengths(Lengths(len(frames), len(sound), len(frames) / FRAME_RATE), settings)
    landmarks = locate({"video": file, "start": start}, frames, settings)
    return encode(frames, sound, landmarks, {}, settings)


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
    tokens = {}
    for modality, encoder in encoders.items():
        samples = encoder_input(key, clip, modality, CLEAN, settings)
        stream = encode_stream([(key, samples)], encoder, precision=settings.precision)
        tokens[modality] = unpack(stored_content(key, next(stream)[1], {}, settings))
    audio = encoders.get("audio")
    return align_tokens(key, tokens, cut=audio is None or audio.numerics.aligned)
