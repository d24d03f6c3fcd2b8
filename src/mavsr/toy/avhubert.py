"""Command: make the toy model for AV-HuBERT, a small checkpoint in the published layout.

The ResNet learns first, from single frames (:mod:`mavsr.toy.resnet`). Then the transformer
above it learns to name words from the ResNet's output, computed once per view.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from mavsr.command import progress, run_command
from mavsr.config.toy import ToyAVHubert
from mavsr.encoders.avhubert import AVHubertConfig, AVHubertEncoder, save_checkpoint
from mavsr.features.views import clean_view, grey_crops, random_view
from mavsr.files import sha256
from mavsr.media import decode_video
from mavsr.provenance import provenance
from mavsr.records import write_record
from mavsr.seeds import derive_seed
from mavsr.shards import extents, read_shard
from mavsr.toy.framewise import (
    Example,
    Labeller,
    tokens_right,
    train_framewise,
    word_times,
)
from mavsr.toy.resnet import train_resnet

WORD_PARTS = 3
"""A frame's label while the ResNet learns: which third of which word."""


def make_avhubert(
    manifest: Path,
    val_manifest: Path,
    shards: list[Path],
    val_shards: list[Path],
    output: Path,
    settings: ToyAVHubert,
    threads: int = 1,
) -> None:
    """Train on the crops of mouth shards; write the checkpoint, and a report beside it.

    ``<output>.json``, written last, tells how it was made and how much it sees.

    Args:
        manifest: manifest of the training split, whose transcript files hold word times.
        val_manifest: manifest of the validation split.
        shards: mouth shards of the training split.
        val_shards: mouth shards of the validation split.
        output: the ``.pt`` file.
        settings: size and training.
        threads: CPU threads.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(settings.seed)
    config = AVHubertConfig(
        layers=settings.layers,
        dim=settings.dim,
        ffn_dim=4 * settings.dim,
        heads=settings.heads,
        conv_pos=settings.conv_pos,
        resnet_width=settings.resnet_width,
        layerdrop=0.0,
    )
    encoder = AVHubertEncoder(config)
    times = word_times(manifest)
    labeller, thirds = Labeller(times.values()), Labeller(times.values(), WORD_PARTS)
    total = sum(len(extents(shard, "mkv")) for shard in shards)
    crops = {
        key: grey_crops(frames)
        for key, frames in progress(read_crops(shards), total, "reading training clips")
    }
    resnet = encoder.video_resnet
    shown = {
        key: thirds.label(times[key], len(frames), encoder.rate_hz) for key, frames in crops.items()
    }
    train_resnet(resnet, crops, shown, len(thirds), settings.resnet, settings.seed)
    resnet.requires_grad_(False)

    times |= word_times(val_manifest)
    head = nn.Linear(settings.dim, len(labeller))

    @torch.inference_mode()
    def example(key: str, video: torch.Tensor) -> Example:
        seen = encoder.resnet(video[None])[0]
        return Example(seen, labeller.label(times[key], len(seen), encoder.rate_hz))

    def seen_view(number: int) -> list[Example]:
        clips = progress(crops.items(), len(crops), f"ResNet over view {number}")
        # Numbered beyond any cached view, so that it is not trained on exactly what it encodes.
        return [
            example(key, random_view(frames, settings.seed, key, 1000 + number))
            for key, frames in clips
        ]

    views = [seen_view(number) for number in range(settings.views)]

    def encode(batch: Sequence[Example]) -> torch.Tensor:
        padded = pad_sequence([example.inputs for example in batch], batch_first=True)
        return encoder.transform(encoder.feature_extractor_video["proj"](padded))

    torch.manual_seed(derive_seed(settings.seed, "avhubert training"))
    train_framewise(
        _Above(encoder),
        encode,
        head,
        lambda epoch: views[epoch % settings.views],
        settings.training,
        settings.seed,
    )
    encoder.eval()
    held_out = [example(key, clean_view(frames)) for key, frames in read_crops(val_shards)]
    right = tokens_right(encode, head, held_out)
    logging.info("share of validation tokens named rightly: %.3f", right)
    output.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(output, encoder.public_state_dict(), config)
    report = {
        "settings": asdict(settings),
        "validation_tokens_right": right,
        "weights_sha256": sha256(output),
        **provenance(),
    }
    write_record(output.with_suffix(".json"), report)


def read_crops(shards: Sequence[Path]) -> Iterator[tuple[str, np.ndarray]]:
    """(key, crops (T, 96, 96, 3)) of every clip in mouth shards."""
    for shard in shards:
        for key, fields in read_shard(shard):
            yield key, decode_video(fields["mkv"])


class _Above(nn.Module):
    """What is trained: everything above the ResNet, whose batch norms must stay in eval mode."""

    def __init__(self, encoder: AVHubertEncoder):
        super().__init__()
        self.parts = nn.ModuleList(
            [
                encoder.feature_extractor_video["proj"],
                encoder.layer_norm,
                encoder.post_extract_proj,
                encoder.dropout_input,
                encoder.encoder,
            ]
        )


if __name__ == "__main__":
    run_command(make_avhubert)
