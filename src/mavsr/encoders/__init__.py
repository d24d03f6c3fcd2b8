"""Frozen encoders behind one small interface, loaded from their public file formats."""

from dataclasses import dataclass
from typing import Literal

import torch

from mavsr.encoders.avhubert import AVHubertEncoder
from mavsr.encoders.base import Encoder
from mavsr.encoders.whisper import WhisperEncoder
from mavsr.errors import InputError

__all__ = ["Encoder", "EncoderSettings", "load_encoder"]


@dataclass(frozen=True)
class EncoderSettings:
    """Which encoder to load, as the config and the command line name it.

    Attributes:
        kind: ``whisper`` (sound) or ``avhubert`` (video).
        path: Whisper's folder or hub name; AV-HuBERT's ``.pt`` file.
        revision: commit, tag or branch of a hub model.
        local_files_only: never ask the network for a hub model.

    """

    kind: Literal["whisper", "avhubert"]
    path: str
    revision: str | None = None
    local_files_only: bool = False

    def __post_init__(self) -> None:
        if self.kind not in ("whisper", "avhubert"):
            raise InputError(f"encoder kind is {self.kind!r}; choose 'whisper' or 'avhubert'")
        if self.kind == "avhubert" and (self.revision is not None or self.local_files_only):
            raise InputError(
                "encoder avhubert is a local file; leave out revision and local_files_only"
            )


def load_encoder(
    kind: Literal["whisper", "avhubert"],
    path: str,
    revision: str | None = None,
    local_files_only: bool = False,
    device: str | torch.device = "cpu",
) -> Encoder:
    """Load a frozen encoder, in eval mode and float32, onto ``device``.

    See :class:`EncoderSettings` for the other arguments.

    Raises:
        InputError: the kind is unknown, or the files are missing or not what they should be.

    """
    settings = EncoderSettings(kind, path, revision, local_files_only)
    encoder: Encoder
    if settings.kind == "whisper":
        encoder = WhisperEncoder.from_pretrained(path, revision, local_files_only)
    else:
        encoder = AVHubertEncoder.from_checkpoint(path)
    return encoder.to(device)
