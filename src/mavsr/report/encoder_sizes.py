"""Width and arithmetic of an encoder, from its sizes alone: nothing is loaded, torch least of all.

A plan is asked for often, and importing the networks takes longer than all else that it does.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from mavsr.config.encoders import EncoderKeys
from mavsr.config.toy import TOYS, Toy, ToyAVHubert, ToyWhisperKeys
from mavsr.errors import InputError
from mavsr.tokens import TOKENS_PER_SECOND


@dataclass(frozen=True)
class WhisperSizes:
    """Of Whisper's encoder."""

    width: int
    layers: int
    ffn: int
    """Hidden width of the feed-forward blocks."""
    positions: int = 1500
    """Tokens of a padded clip."""
    mel_bins: int = 80


@dataclass(frozen=True)
class VideoSizes:
    """Of AV-HuBERT's video path."""

    width: int
    layers: int
    ffn: int
    conv_pos: int = 128
    """Frames that the positional convolution sees."""
    conv_pos_groups: int = 16
    channels: int = 64
    """Of the ResNet's first stage; its vectors are 8 times as wide."""


_PUBLISHED_WHISPER = {
    "tiny": WhisperSizes(384, 4, 4 * 384),
    "base": WhisperSizes(512, 6, 4 * 512),
    "small": WhisperSizes(768, 12, 4 * 768),
    "medium": WhisperSizes(1024, 24, 4 * 1024),
    "large": WhisperSizes(1280, 32, 4 * 1280),
}
"""Name -> sizes of the encoder (Whisper, arXiv 2212.04356, Table 1)."""
_BASE, _LARGE = VideoSizes(768, 12, 3072), VideoSizes(1024, 24, 4096)
"""AV-HuBERT (arXiv 2201.02184, Sec. 3.4)."""
_CROP = 88
"""Height and width of a mouth crop, pixels."""


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

    def mean_flops(self, tokens: float, squared: float) -> float:
        """:meth:`flops` over many clips, from the means of their tokens and of the squares."""
        if self.chunk_s:
            return self.flops(self.chunk_s)
        return self.linear * tokens + self.quadratic * squared

    def flops(self, seconds: float) -> float:
        """Floating-point operations for one clip; a product and its sum count as two."""
        tokens = (self.chunk_s or seconds) * self.tokens_per_s
        return self.linear * tokens + self.quadratic * tokens**2


def encoder_size(settings: EncoderKeys, toy: Toy | None = None) -> EncoderSize:
    """Size of a configured encoder.

    Args:
        settings: which one. If its files are not here, its name must be a published one.
        toy: the config's section, for toy models that are not made yet; None reads their files.

    Raises:
        InputError: neither files nor name tell the size.

    """
    if settings.kind == "whisper":
        audio, basis = _whisper_sizes(settings, toy.whisper if toy else None)
        padded = audio.positions / TOKENS_PER_SECOND["audio"] if settings.pad == "chunk" else None
        return EncoderSize("audio", audio.width, padded, *whisper_flops(audio), basis)
    video, basis = _video_sizes(Path(settings.path), toy.avhubert if toy else None)
    return EncoderSize("video", video.width, None, *avhubert_flops(video), basis)


def whisper_flops(sizes: WhisperSizes) -> tuple[float, float]:
    """FLOPs of Whisper's encoder per token, and per pair of tokens of a clip."""
    # Two convolutions of three taps; the first makes two vectors of a token's ten milliseconds.
    stem = 2 * 3 * sizes.mel_bins * sizes.width + 3 * sizes.width**2
    return _transformer(sizes.width, sizes.ffn, sizes.layers, stem)


def avhubert_flops(sizes: VideoSizes) -> tuple[float, float]:
    """FLOPs of AV-HuBERT's video path per frame, and per pair of frames of a clip."""
    width = sizes.width
    join = 8 * sizes.channels * width + 2 * width * width  # projection, then both halves to one
    positions = sizes.conv_pos * width * width // sizes.conv_pos_groups
    stem = _resnet(sizes.channels) + join + positions
    return _transformer(width, sizes.ffn, sizes.layers, stem)


def _transformer(width: int, ffn: int, layers: int, before: int) -> tuple[float, float]:
    """From multiplications before it to FLOPs, linear and quadratic in the number of tokens."""
    products = before + layers * (4 * width**2 + 2 * width * ffn)
    return 2.0 * products, 4.0 * width * layers


def _resnet(channels: int) -> int:
    """Multiplications of the 3-D convolution and the ResNet-18 for one frame."""
    side = _CROP // 2
    products = side**2 * 5 * 7 * 7 * channels
    side, inputs = side // 2, channels  # max-pooling
    for stage in range(4):
        outputs = channels * 2**stage
        if stage:
            side = (side + 1) // 2
            products += side**2 * inputs * outputs  # the shortcut
        products += side**2 * 9 * (inputs * outputs + 3 * outputs**2)
        inputs = outputs
    return products


def _whisper_sizes(settings: EncoderKeys, toy: ToyWhisperKeys | None) -> tuple[WhisperSizes, str]:
    if path := _config_file(settings):
        return _read_whisper(path), "its config.json"
    if toy and settings.path.startswith(TOYS):
        chunk = TOKENS_PER_SECOND["audio"] * toy.chunk_s
        return WhisperSizes(toy.dim, toy.layers, 4 * toy.dim, chunk), "toy.whisper"
    if name := re.search(r"whisper-(tiny|base|small|medium|large)", settings.path):
        return _PUBLISHED_WHISPER[name[1]], f"the published size {name[1]}"
    raise InputError(
        f"the size of Whisper {settings.path!r} is not known: it is no folder here, not in the "
        "local cache and not a published name; fetch it once online, or correct the name"
    )


def _config_file(settings: EncoderKeys) -> Path | None:
    """The ``config.json`` of a Whisper, if it is here or in the local cache of the hub."""
    here = Path(settings.path) / "config.json"
    if here.is_file():
        return here
    from huggingface_hub import try_to_load_from_cache  # half a second, which toys do not need
    from huggingface_hub.errors import HFValidationError

    try:
        cached = try_to_load_from_cache(settings.path, here.name, revision=settings.revision)
    except HFValidationError:  # a path, which is not there yet
        return None
    return Path(cached) if isinstance(cached, str) else None


def _read_whisper(path: Path) -> WhisperSizes:
    names = ("d_model", "encoder_layers", "encoder_ffn_dim", "max_source_positions", "num_mel_bins")
    try:
        content = json.loads(path.read_bytes())
        numbers = [content[name] for name in names]
        if not all(isinstance(number, int) and number > 0 for number in numbers):
            raise ValueError(f"{', '.join(names)} are {numbers}")
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read ({error!r}); fetch it again") from error
    return WhisperSizes(*numbers)


def _video_sizes(path: Path, toy: ToyAVHubert | None) -> tuple[VideoSizes, str]:
    if toy and str(path).startswith(TOYS):
        sizes = VideoSizes(
            toy.dim, toy.layers, 4 * toy.dim, toy.conv_pos, channels=toy.resnet_width
        )
        return sizes, "toy.avhubert"
    if path.is_file():
        from mavsr.encoders.avhubert_checkpoint import read_checkpoint  # needs torch

        own = read_checkpoint(path)[0]
        sizes = VideoSizes(
            own.dim, own.layers, own.ffn_dim, own.conv_pos, own.conv_pos_groups, own.resnet_width
        )
        return sizes, "its checkpoint"
    if "base" in path.name:
        return _BASE, "the published size base"
    return _LARGE, "the published size large"
