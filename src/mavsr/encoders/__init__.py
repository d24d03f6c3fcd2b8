"""Frozen encoders behind one small interface, loaded from their public file formats."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch

from mavsr.encoders.avhubert import AVHubertEncoder
from mavsr.encoders.base import Encoder
from mavsr.encoders.whisper import Padding, WhisperEncoder
from mavsr.errors import InputError
from mavsr.numerics import numerics_of

__all__ = ["Encoder", "EncoderSettings", "load_encoder"]


@dataclass(frozen=True)
class EncoderSettings:
    """Which encoder to load, as the config and the command line name it.

    Attributes:
        kind: ``whisper`` (sound) or ``avhubert`` (video).
        path: Whisper's folder or hub name; AV-HuBERT's ``.pt`` file.
        revision: commit, tag or branch of a hub model.
        local_files_only: never ask the network for a hub model.
        pad: ``chunk`` pads a clip to the length that Whisper was trained on, as the papers do;
            ``none`` leaves it as it is, which is faster and changes the tokens (docs/methods.md).
        numerics: a profile of :mod:`mavsr.numerics`: how samples are rounded and tokens counted.

    """

    kind: Literal["whisper", "avhubert"]
    path: str
    revision: str | None = None
    local_files_only: bool = False
    pad: Padding = "chunk"
    numerics: str = "ours"

    def __post_init__(self) -> None:
        numerics_of(self.numerics)
        if self.kind not in ("whisper", "avhubert"):
            raise InputError(f"encoder kind is {self.kind!r}; choose 'whisper' or 'avhubert'")
        if self.kind == "avhubert" and (self.revision is not None or self.local_files_only):
            raise InputError(
                "encoder avhubert is a local file; leave out revision and local_files_only"
            )
        if self.pad not in get_args(Padding):
            raise InputError(
                f"encoder pad is {self.pad!r}; choose {' or '.join(get_args(Padding))}"
            )
        if self.kind == "avhubert" and self.pad != "chunk":
            raise InputError("encoder avhubert never pads a clip; leave out pad")


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
    if settings.kind == "avhubert":
        video = AVHubertEncoder.from_checkpoint(settings.path)
        video.numerics = numerics_of(settings.numerics)
        return video.to(device)
    encoder = WhisperEncoder.from_pretrained(
        settings.path, settings.revision, settings.local_files_only
    )
    encoder.pad, encoder.split_long = settings.pad, split_long
    encoder.numerics = numerics_of(settings.numerics)
    return encoder.to(device)
