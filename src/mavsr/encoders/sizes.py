"""Width and arithmetic of an encoder, from its config alone: no weights are loaded or needed."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperEncoder as WhisperNetwork

from mavsr.config.encoders import EncoderKeys
from mavsr.config.toy import Toy, ToyAVHubert, ToyWhisperKeys
from mavsr.encoders.avhubert import AVHubertEncoder
from mavsr.encoders.avhubert_checkpoint import AVHubertConfig, read_checkpoint
from mavsr.errors import InputError
from mavsr.tokens import TOKENS_PER_SECOND

_PUBLISHED_WHISPER = {
    "tiny": (384, 4, 6),
    "base": (512, 6, 8),
    "small": (768, 12, 12),
    "medium": (1024, 24, 16),
    "large": (1280, 32, 20),
}
"""Name -> width, layers, heads of the encoder (Whisper, arXiv 2212.04356, Table 1)."""
_BASE = AVHubertConfig(layers=12, dim=768, ffn_dim=3072, heads=12)


@dataclass(frozen=True)
class EncoderSize:
    """What an encoder makes of a second, and what that costs.

    Attributes:
        modality: audio or video.
        dim: width of a token.
        chunk_s: seconds to which every clip is padded; None if it is not.
        linear: FLOPs per token.
        quadratic: FLOPs per pair of tokens of a clip (attention).
        basis: where the sizes come from.

    """

    modality: str
    dim: int
    chunk_s: float | None
    linear: float
    quadratic: float
    basis: str

    @property
    def tokens_per_s(self) -> int:
        """Tokens per second of clip."""
        return TOKENS_PER_SECOND[self.modality]

    def flops(self, seconds: float) -> float:
        """Floating-point operations for one clip; a product and its sum count as two."""
        tokens = (self.chunk_s or seconds) * self.tokens_per_s
        return self.linear * tokens + self.quadratic * tokens**2


def encoder_size(settings: EncoderKeys, toy: Toy) -> EncoderSize:
    """Size of a configured encoder.

    Args:
        settings: which one. If its files are not here, its name must be a published one.
        toy: the config's section, for toy models that are not made yet.

    Raises:
        InputError: neither files nor name tell the size.

    """
    if settings.kind == "whisper":
        config, basis = _whisper_config(settings, toy.whisper)
        return _whisper_size(config, settings.pad, basis)
    video, basis = _avhubert_config(Path(settings.path), toy.avhubert)
    linear, quadratic = _fitted(lambda frames: _avhubert_flops(video, frames))
    return EncoderSize("video", video.dim, None, linear, quadratic, basis)


def _whisper_config(settings: EncoderKeys, toy: ToyWhisperKeys) -> tuple[WhisperConfig, str]:
    try:
        revision = settings.revision or "main"
        config = WhisperConfig.from_pretrained(
            settings.path, revision=revision, local_files_only=True
        )
        return config, "its config.json"
    except Exception as error:  # neither here nor in the local cache, or damaged
        here = Path(settings.path) / "config.json"
        if here.is_file():
            raise InputError(f"{here} cannot be read ({error}); fetch it again") from error
    if settings.path.startswith("results/toy/"):
        width, layers, heads = toy.dim, toy.layers, toy.heads
        return _config(width, layers, heads, 50 * toy.chunk_s, 4), "toy.whisper"
    if name := re.search(r"whisper-(tiny|base|small|medium|large)", settings.path):
        width, layers, heads = _PUBLISHED_WHISPER[name[1]]
        return _config(width, layers, heads, 1500, 4), f"the published size {name[1]}"
    raise InputError(
        f"the size of Whisper {settings.path!r} is not known: it is no folder here, not in the "
        "local cache and not a published name; fetch it once online, or correct the name"
    )


def _config(width: int, layers: int, heads: int, positions: int, factor: int) -> WhisperConfig:
    return WhisperConfig(
        d_model=width,
        encoder_layers=layers,
        encoder_attention_heads=heads,
        encoder_ffn_dim=factor * width,
        max_source_positions=positions,
    )


def _whisper_size(config: WhisperConfig, pad: str, basis: str) -> EncoderSize:
    linear, quadratic = _fitted(lambda tokens: _whisper_flops(config, tokens))
    chunk_s = config.max_source_positions / TOKENS_PER_SECOND["audio"] if pad == "chunk" else None
    return EncoderSize("audio", config.d_model, chunk_s, linear, quadratic, basis)


def _avhubert_config(path: Path, toy: ToyAVHubert) -> tuple[AVHubertConfig, str]:
    if path.is_file():
        return read_checkpoint(path)[0], "its checkpoint"
    if str(path).startswith("results/toy/"):
        names = ("dim", "layers", "heads", "resnet_width", "conv_pos")
        sizes = {name: getattr(toy, name) for name in names}
        return AVHubertConfig(**sizes, ffn_dim=4 * toy.dim), "toy.avhubert"
    if "base" in path.name:
        return _BASE, "the published size base"
    return AVHubertConfig(), "the published size large"


def _fitted(flops: Any, one: int = 40, other: int = 80) -> tuple[float, float]:
    """Coefficients a, b of a * T + b * T^2, which both networks' costs follow, from two lengths."""
    quadratic = (flops(other) / other - flops(one) / one) / (other - one)
    return flops(one) / one - quadratic * one, quadratic


def _count(network: torch.nn.Module, sample: torch.Tensor) -> float:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(sample)
    return float(counter.get_total_flops())


def _whisper_flops(config: WhisperConfig, tokens: int) -> float:
    shorter = WhisperConfig(**{**config.to_dict(), "max_source_positions": tokens})
    with torch.device("meta"):
        return _count(WhisperNetwork(shorter), torch.empty(1, config.num_mel_bins, 2 * tokens))


def _avhubert_flops(config: AVHubertConfig, frames: int) -> float:
    with torch.device("meta"):
        return _count(AVHubertEncoder(config), torch.empty(1, 1, frames, 88, 88))
