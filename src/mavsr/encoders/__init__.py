"""Frozen encoders behind one small interface, loaded from their public file formats."""

from pathlib import Path
from typing import Annotated

import torch

from mavsr.config.base import Key, settings
from mavsr.config.encoders import EncoderKeys
from mavsr.config.values import Flag
from mavsr.encoders.avhubert import AVHubertEncoder
from mavsr.encoders.base import Encoder
from mavsr.encoders.whisper import WhisperEncoder
from mavsr.errors import InputError
from mavsr.made_weights import check_weights
from mavsr.numerics import numerics_of

__all__ = ["Encoder", "EncoderSettings", "load_encoder"]


@settings("encoder")
class EncoderSettings(EncoderKeys):
    """Which encoder to load, as the config and the command line name it."""

    local_files_only: Annotated[Flag, Key("Never ask the network for a hub model")] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind == "avhubert" and self.local_files_only:
            raise InputError("encoder avhubert is a local file; leave out local_files_only")


def load_encoder(
    settings: EncoderSettings, device: str | torch.device = "cpu", split_long: bool = False
) -> Encoder:
    """Load a frozen encoder, in eval mode and float32, onto ``device``.

    Args:
        settings: which one.
        device: where its weights go.
        split_long: encode clips beyond Whisper's chunk in pieces instead of refusing them.

    Raises:
        InputError: the files are missing or not what they should be.

    """
    check_weights(Path(settings.path))
    encoder: Encoder
    match settings.kind:
        case "avhubert":
            encoder = AVHubertEncoder.from_checkpoint(settings.path)
        case "whisper":
            encoder = WhisperEncoder.from_pretrained(
                settings.path, settings.revision, settings.local_files_only
            )
            encoder.pad, encoder.split_long = settings.pad, split_long
    encoder.numerics = numerics_of(settings.numerics)
    return encoder.to(device)
