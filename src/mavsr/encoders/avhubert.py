"""AV-HuBERT as a frozen video encoder, without fairseq.

Grey mouth crops go through a ResNet frame by frame; the audio half, which a video-only model lacks,
is zeros; LayerNorm covers both halves (so the zeros matter); a pre-LayerNorm transformer with a
convolutional position embedding follows. Shapes: video (B, 1, T, 88, 88), normalised, 25 frames per
second -> (B, T, dim), one token per frame.

Source: Llama-MTSK, Sec. 4.1, which uses AV-HuBERT Large (arXiv 2201.02184).
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
from torch import nn
from transformers.models.hubert.configuration_hubert import HubertConfig
from transformers.models.hubert.modeling_hubert import (
    HubertEncoderStableLayerNorm,
    HubertPositionalConvEmbedding,
)

from mavsr.encoders.avhubert_checkpoint import AVHubertConfig, read_checkpoint, save_checkpoint
from mavsr.encoders.base import Encoder, rounded
from mavsr.encoders.resnet import WINDOW, VideoResNet, frame_windows
from mavsr.errors import InputError
from mavsr.tokens import TOKENS_PER_SECOND

__all__ = ["AVHubertConfig", "AVHubertEncoder", "save_checkpoint"]

AT_ONCE = {"cuda": 800e6, "cpu": 16e6}
"""Bytes of the ResNet's largest layer, and so how many pictures go through it together. A CPU gets
memory for more than 32 MB from the system each time, which took a third of a clip of 30 s."""

# Names of the transformer in Hugging Face's encoder -> in the published checkpoint.
_PUBLIC_NAMES = (
    (r"^encoder\.pos_conv_embed\.conv\.", r"encoder.pos_conv.0."),
    (r"\.parametrizations\.weight\.original0$", r".weight_g"),
    (r"\.parametrizations\.weight\.original1$", r".weight_v"),
    (r"^(encoder\.layers\.\d+)\.attention\.", r"\1.self_attn."),
    (r"^(encoder\.layers\.\d+)\.layer_norm\.", r"\1.self_attn_layer_norm."),
    (r"^(encoder\.layers\.\d+)\.feed_forward\.intermediate_dense\.", r"\1.fc1."),
    (r"^(encoder\.layers\.\d+)\.feed_forward\.output_dense\.", r"\1.fc2."),
)


class _PositionsInFloat32(HubertPositionalConvEmbedding):
    """The positional convolution, float32 under autocast too.

    On processors with AMX, PyTorch 2.11 computes grouped convolutions of few channels wrongly in
    bfloat16: with the toy model's 8 channels a group it is off by more than its own norm.
    """

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        device = hidden_states.device.type
        if not torch.amp.is_autocast_available(device):  # "meta", where operations are counted
            return super().forward(hidden_states)
        with torch.autocast(device, enabled=False):
            return super().forward(hidden_states.float())


class AVHubertEncoder(Encoder):
    """The video path of AV-HuBERT.

    Made from a config it has random weights and is in training mode, like any module;
    :meth:`from_checkpoint` gives it published weights, frozen and in eval mode.
    """

    modality = "video"
    rate_hz = TOKENS_PER_SECOND["video"]

    def __init__(self, config: AVHubertConfig) -> None:
        super().__init__()
        self.config = config
        self.dim = config.dim
        self.feature_extractor_video = nn.ModuleDict(
            {
                "resnet": VideoResNet(config.resnet_width),
                "proj": nn.Linear(8 * config.resnet_width, config.dim),
            }
        )
        self.layer_norm = nn.LayerNorm(2 * config.dim)
        self.post_extract_proj = nn.Linear(2 * config.dim, config.dim)
        self.dropout_input = nn.Dropout(config.dropout)
        transformer = HubertConfig(
            hidden_size=config.dim,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            intermediate_size=config.ffn_dim,
            hidden_act="gelu",
            num_conv_pos_embeddings=config.conv_pos,
            num_conv_pos_embedding_groups=config.conv_pos_groups,
            do_stable_layer_norm=True,
            layer_norm_eps=1e-5,
            layerdrop=config.layerdrop,
            hidden_dropout=config.dropout,
            attention_dropout=config.dropout,
            activation_dropout=0.0,
        )
        transformer._attn_implementation = (
            "sdpa"  # as PreTrainedModel would, which is not used here
        )
        self.encoder = HubertEncoderStableLayerNorm(transformer)
        # Made by the line above, so that random weights are drawn once.
        self.encoder.pos_conv_embed.__class__ = _PositionsInFloat32

    @classmethod
    def from_checkpoint(cls, path: str | Path) -> "AVHubertEncoder":
        """Load the weights of a published ``.pt`` file: float32, eval mode, frozen.

        No code from the file is run. All sizes come from the file.

        Raises:
            InputError: the file is missing, damaged, laid out otherwise, or a weight is missing,
                unknown or of the wrong shape. The message names the file, the key and a remedy.

        """
        path = Path(path)
        config, weights = read_checkpoint(path)
        try:
            with torch.device("meta"):  # no time spent on random weights that are replaced at once
                encoder = cls(config)
        except RuntimeError as error:
            raise InputError(f"{path}: its weights ask for impossible sizes: {error}") from error
        expected = encoder.public_state_dict()
        for key in sorted(expected.keys() | weights.keys()):
            if key not in weights:
                problem = f"lacks {key!r}"
            elif key not in expected:
                problem = f"holds {key!r}, which AV-HuBERT does not have"
            elif weights[key].shape != expected[key].shape:
                problem = (
                    f"holds {key!r} of shape {tuple(weights[key].shape)} where its other weights "
                    f"ask for {tuple(expected[key].shape)}"
                )
            elif weights[key].is_floating_point() != expected[key].is_floating_point():
                problem = f"holds {key!r} as {weights[key].dtype}"
            else:
                continue
            raise InputError(
                f"{path}: 'model' {problem}; give an unmodified AV-HuBERT pre-training checkpoint"
            )
        # The read weights lie in the mapped file: clone them, so that the file may go.
        own = {
            name: weights[_public_name(name)].to(value.dtype, copy=True)
            for name, value in encoder.state_dict().items()
        }
        encoder.load_state_dict(own, assign=True)
        encoder.weight_files = (path,)
        return encoder.eval().requires_grad_(False)

    def public_state_dict(self) -> dict[str, torch.Tensor]:
        """Return the weights under the names of the published checkpoint."""
        return {_public_name(name): value for name, value in self.state_dict().items()}

    @property
    def video_resnet(self) -> VideoResNet:
        """The picture half."""
        return cast(VideoResNet, self.feature_extractor_video["resnet"])

    def resnet(self, video: torch.Tensor) -> torch.Tensor:
        """ResNet vectors (B, T, 8 * resnet_width) of a video (B, 1, T, 88, 88)."""
        return self.video_resnet(video)

    def frontend(self, video: torch.Tensor) -> torch.Tensor:
        """Projected ResNet vectors (B, T, dim) of a video (B, 1, T, 88, 88)."""
        return self.feature_extractor_video["proj"](self.resnet(video))

    def transform(
        self, video_features: torch.Tensor, present: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Tokens (B, T, dim) of frontend vectors (B, T, dim); the audio half is zeros.

        ``present``, bool (B, T), is false where a shorter clip was padded. Such places count for
        nothing: they are zeros to the positional convolution, as what lies beyond a clip's end is.
        """
        fused = torch.cat([torch.zeros_like(video_features), video_features], dim=-1)
        hidden = self.dropout_input(self.post_extract_proj(self.layer_norm(fused)))
        return self.encoder(hidden, attention_mask=present).last_hidden_state

    def forward(self, video: torch.Tensor) -> torch.Tensor:
        """Tokens (B, T, dim) of a normalised grey video (B, 1, T, 88, 88)."""
        return self.transform(self.frontend(video))

    @torch.inference_mode()
    def encode(self, samples: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Tokens (T, dim) of each clip (1, T, 88, 88).

        The pictures of all clips go through the ResNet as one stream, each among its own clip's
        frames alone; only the transformer sees padding, and masks it.

        Raises:
            InputError: a clip has no frame.

        """
        if not all(clip.shape[1] for clip in samples):
            raise InputError("it has no picture: 0 frames; drop it in the corpus stage")
        lengths = [clip.shape[1] for clip in samples]
        clips = [rounded(clip) if self.numerics.rounded else clip for clip in samples]
        windows = [frame_windows(clip[None].to(self.device)) for clip in clips]
        joined = windows[0] if len(windows) == 1 else torch.cat(windows)
        resnet = self.video_resnet
        parts = joined.split(self._pictures_at_once())
        vectors = torch.cat([resnet.windows(part) for part in parts])
        features = self.feature_extractor_video["proj"](vectors).split(lengths)
        if len(features) == 1:
            return [self.transform(features[0][None])[0]]
        ends = torch.tensor(lengths, device=self.device)
        padded = nn.utils.rnn.pad_sequence(list(features), batch_first=True)
        present = torch.arange(padded.shape[1], device=self.device) < ends[:, None]
        tokens = self.transform(padded, present)
        return [row[:length] for row, length in zip(tokens, lengths, strict=True)]

    def _pictures_at_once(self) -> int:
        # The windows themselves, or the first convolution's output, in float32.
        largest = 4 * max(WINDOW * 88 * 88, self.config.resnet_width * 44 * 44)
        return max(1, int(AT_ONCE.get(self.device.type, AT_ONCE["cuda"]) / largest))

    def seconds(self, sample: torch.Tensor) -> float:
        """Length of a clip (1, T, 88, 88)."""
        return sample.shape[1] / self.rate_hz


def _public_name(name: str) -> str:
    for pattern, public in _PUBLIC_NAMES:
        name = re.sub(pattern, public, name)
    return name
