"""The encoders inside a checkpoint, written as encoders of their own.

Whisper's is the hub's in bfloat16. AV-HuBERT's is never Meta's file: the authors' training leaves
it in train mode, so its batch statistics have drifted; LoRAs in it are merged here. So features of
an imported model come from its own encoders, with names and digests of their own.
"""

from pathlib import Path
from typing import Any

import safetensors.torch
from transformers import WhisperConfig, WhisperFeatureExtractor

from mavsr.encoders.avhubert import AVHubertEncoder, save_checkpoint
from mavsr.encoders.avhubert_checkpoint import UNUSED, sizes
from mavsr.encoders.base import Encoder
from mavsr.encoders.whisper import WhisperEncoder
from mavsr.errors import InputError
from mavsr.importing.avhubert_lora import merged
from mavsr.importing.parts import Parts, Tensors

KINDS = {"audio": "whisper", "video": "avhubert"}
"""Modality -> kind of its encoder in a config."""
NAMES = {"audio": "whisper", "video": "avhubert.pt"}
"""Modality -> folder or file of its encoder."""


def write_whisper(tensors: Tensors, like: str, folder: Path) -> None:
    """Write Whisper's encoder as a folder in Hugging Face's format, without a decoder.

    Args:
        tensors: Hugging Face's names below ``model.encoder.``.
        like: folder or hub name of the Whisper that it was made from, for what no shape shows.
        folder: what to write.

    Raises:
        InputError: ``like`` cannot be had.
    """
    try:
        config: Any = WhisperConfig.from_pretrained(like)
        extractor = WhisperFeatureExtractor.from_pretrained(like)
    except (OSError, ValueError) as error:
        raise InputError(
            f"--whisper {like}: no config.json and preprocessor_config.json can be had of it; give "
            "the folder of the Whisper that the model was trained over, or its name on the hub. "
            f"({error})"
        ) from error
    config.update({"architectures": ["WhisperModel"], "decoder_layers": 0})
    config.save_pretrained(folder)
    extractor.save_pretrained(folder)
    weights = {f"encoder.{name}": tensor.contiguous() for name, tensor in tensors.items()}
    safetensors.torch.save_file(weights, folder / "model.safetensors", {"format": "pt"})


def write_avhubert(tensors: Tensors, heads: int, path: Path) -> None:
    """Write AV-HuBERT, LoRAs merged, in the layout of the published file.

    Args:
        tensors: fairseq's names, and ``...self_attn.lora_{down,up}_{Q,V}.weight``.
        heads: attention heads, which no shape shows.
        path: what to write.
    """
    config = sizes(path, {"encoder_attention_heads": heads}, tensors)
    save_checkpoint(
        path, merged({k: t for k, t in tensors.items() if not UNUSED.fullmatch(k)}), config
    )


def write_encoders(
    parts: Parts, place: Path, whisper: str, heads: int, numerics: str
) -> dict[str, dict[str, str]]:
    """Write the encoders of a checkpoint into a folder, and load them, which checks every tensor.

    Args:
        parts: the checkpoint.
        place: the folder, which is made.
        whisper: see :func:`write_whisper`.
        heads: see :func:`write_avhubert`.
        numerics: the profile that they run in.

    Returns:
        Modality -> what features of the encoder say of themselves (:mod:`mavsr.features.origin`).

    Raises:
        InputError: one of them is not complete, or not of the given kind.
    """
    place.mkdir()
    made_by = {}
    for modality, tensors in parts.encoders.items():
        path = place / NAMES[modality]
        encoder: Encoder
        try:
            if modality == "audio":
                write_whisper(tensors, whisper, path)
                encoder = WhisperEncoder.from_pretrained(path)
            else:
                write_avhubert(tensors, heads, path)
                encoder = AVHubertEncoder.from_checkpoint(path)
        except InputError as error:
            raise InputError(
                f"{parts.path}: its {modality} encoder cannot be used; see --whisper and "
                f"--avhubert_heads ({error})"
            ) from error
        made_by[modality] = {
            "weights": encoder.fingerprint,
            "kind": KINDS[modality],
            "pad": "chunk",
            "numerics": numerics,
        }
    return made_by
