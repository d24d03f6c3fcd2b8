"""The published file layout of AV-HuBERT: a ``.pt`` file of settings, weights, fairseq objects.

``cfg["model"]`` (newer fairseq) or ``args`` (older) holds the settings, ``model`` the weights, and
``task_state`` objects of fairseq's own classes, which are neither needed nor built here. All sizes
but the number of attention heads are read from the weights themselves.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mavsr.encoders.pickles import load_untrusted
from mavsr.errors import InputError
from mavsr.files import atomic

UNUSED = re.compile(r"mask_emb|label_embs_concat|final_proj\..*|feature_extractor_audio\..*")
"""Weights that are there for pre-training or for audio; neither is used to encode video."""
_AUDIO = "feature_extractor_audio.proj.weight"

# What the networks here do, against fairseq's default where a file says nothing.
_SUPPORTED: dict[str, tuple[Any, Any]] = {
    "layer_norm_first": (True, False),
    "activation_fn": ("gelu", "gelu"),
    "modality_fuse": ("concat", "concat"),
    "resnet_relu_type": ("prelu", "prelu"),
    "sub_encoder_layers": (0, 0),
}


@dataclass(frozen=True)
class AVHubertConfig:
    """Sizes of an AV-HuBERT; the defaults are those of AV-HuBERT Large.

    Attributes:
        layers: transformer layers.
        dim: width of a token.
        ffn_dim: hidden width of the feed-forward blocks.
        heads: attention heads; must divide ``dim``.
        conv_pos: kernel of the positional convolution, frames.
        conv_pos_groups: its groups; must divide ``dim``.
        resnet_width: channels of the first convolution; frame vectors have 8 times as many.
        audio_feat_dim: width of the audio features that the unused audio branch would take.
        dropout: probability in the transformer, for training only.
        layerdrop: probability of skipping a transformer layer, for training only.

    """

    layers: int = 24
    dim: int = 1024
    ffn_dim: int = 4096
    heads: int = 16
    conv_pos: int = 128
    conv_pos_groups: int = 16
    resnet_width: int = 64
    audio_feat_dim: int = 104
    dropout: float = 0.1
    layerdrop: float = 0.05

    def __post_init__(self) -> None:
        sizes = "layers dim ffn_dim heads conv_pos conv_pos_groups resnet_width audio_feat_dim"
        for key in sizes.split():
            if getattr(self, key) < 1:
                raise InputError(f"AV-HuBERT {key} is {getattr(self, key)}; it must be at least 1")
        for key in ("heads", "conv_pos_groups"):
            if self.dim % getattr(self, key):
                raise InputError(
                    f"AV-HuBERT {key} is {getattr(self, key)}; choose a divisor of dim = {self.dim}"
                )
        for key in ("dropout", "layerdrop"):
            if not 0 <= getattr(self, key) < 1:
                raise InputError(f"AV-HuBERT {key} is {getattr(self, key)}; choose one in [0, 1)")


def read_checkpoint(path: Path) -> tuple[AVHubertConfig, dict[str, torch.Tensor]]:
    """Sizes and video weights (public names, as stored) of an AV-HuBERT checkpoint.

    No code from the file is run; see :mod:`mavsr.encoders.pickles`.

    Raises:
        InputError: the file is missing or damaged, is not laid out like a published pre-training
            checkpoint, or describes a variant that is not supported.

    """
    content = load_untrusted(path)
    weights = content.get("model") if isinstance(content, dict) else None
    if not isinstance(weights, dict):
        raise InputError(
            f"{path}: no weights under the key 'model'; give a published AV-HuBERT pre-training "
            "checkpoint, such as large_vox_iter5.pt"
        )
    if any(str(key).startswith("encoder.w2v_model.") for key in weights):
        raise InputError(
            f"{path}: the keys 'encoder.w2v_model.*' show a fine-tuned model; give the "
            "pre-training checkpoint, such as large_vox_iter5.pt"
        )
    weights = {key: value for key, value in weights.items() if not UNUSED.fullmatch(str(key))}
    for key, value in weights.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            raise InputError(f"{path}: {key!r} in 'model' is not a tensor; download the file again")
    audio = content["model"].get(_AUDIO)
    return sizes(path, _settings(path, content), {**weights, _AUDIO: audio}), weights


def _settings(path: Path, content: dict) -> dict[str, Any]:
    """Find the model settings, flat, in ``cfg["model"]`` or ``args``."""
    cfg, args = content.get("cfg"), content.get("args")
    found = cfg.get("model") if isinstance(cfg, dict) else args
    if hasattr(found, "__dict__"):
        found = vars(found)
    if not isinstance(found, dict) or "encoder_attention_heads" not in found:
        raise InputError(
            f"{path}: no setting 'encoder_attention_heads' under 'cfg' -> 'model' or 'args'; give "
            "a published AV-HuBERT pre-training checkpoint"
        )
    for key, (supported, default) in _SUPPORTED.items():
        value = found.get(key, default)
        if value != supported:
            raise InputError(
                f"{path}: setting {key} is {value!r}; give a checkpoint in which it is "
                f"{supported!r}, as in the published ones"
            )
    return found


def sizes(path: Path, settings: Mapping[str, Any], weights: Mapping[str, Any]) -> AVHubertConfig:
    """Sizes of the AV-HuBERT that ``weights`` (public names) are of.

    Args:
        path: their file, for messages.
        settings: ``encoder_attention_heads``, and ``dropout`` and ``encoder_layerdrop`` if known.
        weights: all of them, the audio projection included if there is one.

    Raises:
        InputError: a weight is missing, or a setting is no number.
    """

    def size(key: str, axis: int) -> int:
        tensor = weights.get(key)
        if not isinstance(tensor, torch.Tensor) or tensor.ndim <= axis:
            raise InputError(
                f"{path}: 'model' has no usable weight {key!r}; give a published AV-HuBERT "
                "pre-training checkpoint"
            )
        return tensor.shape[axis]

    def number(key: str, default: Any = None) -> float:
        try:
            return float(settings.get(key, default))
        except (TypeError, ValueError) as error:
            raise InputError(
                f"{path}: setting {key} is {settings.get(key)!r}, which is no number; give a "
                "published AV-HuBERT pre-training checkpoint"
            ) from error

    layers = {key.split(".")[2] for key in weights if key.startswith("encoder.layers.")}
    dim = size("feature_extractor_video.proj.weight", 0)
    heads = number("encoder_attention_heads")
    return AVHubertConfig(
        layers=len(layers),
        dim=dim,
        ffn_dim=size("encoder.layers.0.fc1.weight", 0),
        heads=int(heads) if math.isfinite(heads) else 0,
        conv_pos=size("encoder.pos_conv.0.weight_v", 2),
        conv_pos_groups=dim // max(1, size("encoder.pos_conv.0.weight_v", 1)),
        resnet_width=size("feature_extractor_video.resnet.frontend3D.0.weight", 0),
        audio_feat_dim=AVHubertConfig.audio_feat_dim
        if weights.get(_AUDIO) is None
        else size(_AUDIO, 1),
        dropout=number("dropout", AVHubertConfig.dropout),
        layerdrop=number("encoder_layerdrop", AVHubertConfig.layerdrop),
    )


def save_checkpoint(
    path: Path, state_dict: Mapping[str, torch.Tensor], config: AVHubertConfig
) -> None:
    """Write weights with public names in the published layout, atomically and with stable bytes.

    The audio branch is not trained here. It is written as zeros, which is what it contributes to a
    video-only model, so that strict readers of the layout find every key.

    Args:
        path: file to write, usually ``*.pt``.
        state_dict: from :meth:`AVHubertEncoder.public_state_dict`.
        config: the sizes that belong to it.

    """
    audio = {
        "mask_emb": torch.zeros(config.audio_feat_dim),
        _AUDIO: torch.zeros(config.dim, config.audio_feat_dim),
        "feature_extractor_audio.proj.bias": torch.zeros(config.dim),
    }
    weights = {
        key: value.detach().cpu().contiguous() for key, value in {**audio, **state_dict}.items()
    }
    model = {
        "_name": "av_hubert",
        "encoder_layers": config.layers,
        "encoder_embed_dim": config.dim,
        "encoder_ffn_embed_dim": config.ffn_dim,
        "encoder_attention_heads": config.heads,
        "conv_pos": config.conv_pos,
        "conv_pos_groups": config.conv_pos_groups,
        "audio_feat_dim": config.audio_feat_dim,
        "dropout": config.dropout,
        "attention_dropout": config.dropout,
        "dropout_input": config.dropout,
        "activation_dropout": 0.0,
        "encoder_layerdrop": config.layerdrop,
        **{key: supported for key, (supported, _) in _SUPPORTED.items()},
    }
    content = {"args": None, "cfg": {"model": model}, "model": weights, "task_state": {}}
    # An open file rather than a name: torch would write the name into the archive.
    with atomic(path) as partial, partial.open("wb") as file:
        torch.save(content, file)
