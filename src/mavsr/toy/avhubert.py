"""Command: make the toy model for AV-HuBERT, a small checkpoint in the published layout.

The ResNet learns first, from single frames (:mod:`mavsr.toy.resnet`). Then the transformer
above it learns to name words from the ResNet's output, computed once per view.
"""

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from mavsr.command import progress, run_command
from mavsr.config.toy import ToyAVHubert
from mavsr.encoders.avhubert import AVHubertConfig, AVHubertEncoder, save_checkpoint
from mavsr.encoders.resnet import frame_windows
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
PICTURES = 8
"""A clip is padded to a multiple of so many pictures: what convolutions prepare for each number of
pictures that they meet is kept in memory."""


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
    resnet = encoder.video_resnet

    @torch.inference_mode()
    def see(video: torch.Tensor) -> torch.Tensor:
        windows = frame_windows(video[None])
        missing = -len(windows) % PICTURES
        return resnet.windows(torch.cat([windows, windows[:missing]]))[: len(windows)]

    def label(key: str, frames: int) -> torch.Tensor:
        return labeller.label(times[key], frames, encoder.rate_hz)

    def seen_view(crops: Mapping[str, np.ndarray], number: int) -> list[torch.Tensor]:
        clips = progress(crops.items(), len(crops), f"ResNet over view {number}")
        # Numbered beyond any cached view, so that it is not trained on exactly what it encodes.
        return [
            see(random_view(frames, settings.seed, key, 1000 + number)) for key, frames in clips
        ]

    with tempfile.TemporaryDirectory() as folder:
        crops = OnDisk(Path(folder))
        for key, frames in progress(read_crops(shards), total, "reading training clips"):
            crops.add(key, grey_crops(frames))
        lengths = {key: len(frames) for key, frames in crops.items()}
        parts = {key: thirds.label(times[key], n, encoder.rate_hz) for key, n in lengths.items()}
        train_resnet(resnet, crops, parts, len(thirds), settings.resnet, settings.seed)
        resnet.requires_grad_(False)
        views = [seen_view(crops, number) for number in range(settings.views)]
    head = nn.Linear(settings.dim, len(labeller))

    def encode(batch: Sequence[Example]) -> torch.Tensor:
        padded = pad_sequence([example.inputs for example in batch], batch_first=True)
        return encoder.transform(encoder.feature_extractor_video["proj"](padded))

    torch.manual_seed(derive_seed(settings.seed, "avhubert training"))
    train_framewise(
        _Above(encoder),
        encode,
        head,
        [label(key, n) for key, n in lengths.items()],
        lambda epoch, clip: views[epoch % settings.views][clip],
        settings.training,
        settings.seed,
    )
    encoder.eval()
    times |= word_times(val_manifest)
    held_out = (
        Example(see(clean_view(frames)), label(key, len(frames)))
        for key, frames in read_crops(val_shards)
    )
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


class OnDisk(Mapping[str, np.ndarray]):
    """Arrays by key, each mapped into memory only while it is looked at.

    Args:
        folder: existing folder for their files.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._files: dict[str, Path] = {}

    def add(self, key: str, array: np.ndarray) -> None:
        """Put an array under a key of its own."""
        path = self._folder / f"{len(self._files)}.npy"
        np.save(path, array)
        self._files[key] = path

    def __getitem__(self, key: str) -> np.ndarray:
        return cast(np.ndarray, np.load(self._files[key], mmap_mode="r"))

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


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
