"""Command: make the toy model for Whisper, a small ``WhisperModel`` folder that hears words."""

import logging
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel
from transformers.models.whisper.modeling_whisper import WhisperAttention, WhisperEncoder

from mavsr.command import run_command
from mavsr.config.noise import NoiseSettings
from mavsr.config.toy import ToyWhisperKeys
from mavsr.encoders.whisper import kept_tokens
from mavsr.errors import InputError
from mavsr.files import atomic, sha256
from mavsr.made_weights import NAME
from mavsr.media import SAMPLE_RATE, decode_audio
from mavsr.noise.condition import Condition
from mavsr.noise.file import read_source
from mavsr.noise.render import render
from mavsr.provenance import provenance
from mavsr.records import write_record
from mavsr.seeds import derive_seed
from mavsr.shards import read_shard
from mavsr.tokens import TOKENS_PER_SECOND
from mavsr.toy.framewise import (
    Example,
    Labeller,
    tokens_right,
    train_framewise,
    word_times,
)

OFFSETS = (-8, -2, 2, 8)
"""Where the attention heads start to look, in tokens (50 per second) from their own."""
SHARPNESS = 1.5
"""How strongly they do."""


def build(settings: ToyWhisperKeys) -> tuple[WhisperModel, WhisperFeatureExtractor]:
    """An untrained model and its feature extractor; the decoder is as small as can be."""
    torch.manual_seed(settings.seed)
    config = WhisperConfig(
        vocab_size=8,
        d_model=settings.dim,
        encoder_layers=settings.layers,
        encoder_attention_heads=settings.heads,
        encoder_ffn_dim=4 * settings.dim,
        decoder_layers=1,
        decoder_attention_heads=settings.heads,
        decoder_ffn_dim=settings.dim,
        max_source_positions=TOKENS_PER_SECOND["audio"] * settings.chunk_s,
        max_target_positions=8,
        dropout=0.0,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
    )
    model = WhisperModel(config)
    attend_nearby(model.get_encoder())
    return model, WhisperFeatureExtractor(chunk_length=settings.chunk_s)


@torch.no_grad()
def attend_nearby(encoder: WhisperEncoder) -> None:
    """Start every attention head at tokens a few places before or after its own.

    Whisper's position embeddings are sines and cosines, so a query that turns them by an offset
    matches the key at that offset. Trained Whisper models attend so in their lower layers; left to
    random weights, so little data hardly teaches it (see docs/log.md).
    """
    dim = encoder.config.d_model
    rates = torch.exp(-math.log(10_000) / (dim // 2 - 1) * torch.arange(dim // 2))
    for layer in encoder.layers:
        attention = cast(WhisperAttention, layer.self_attn)
        rows = torch.arange(0, attention.head_dim, 2)
        sines = torch.arange(attention.head_dim // 2)  # of the fastest rates, one per row pair
        cosines = sines + dim // 2
        for head in range(attention.num_heads):
            angle = OFFSETS[head % len(OFFSETS)] * rates[sines]
            query = 0.02 * torch.randn(attention.head_dim, dim)
            key = 0.02 * torch.randn(attention.head_dim, dim)
            query[rows, sines] += SHARPNESS * angle.cos()
            query[rows, cosines] += SHARPNESS * angle.sin()
            query[rows + 1, cosines] += SHARPNESS * angle.cos()
            query[rows + 1, sines] -= SHARPNESS * angle.sin()
            key[rows, sines] += SHARPNESS
            key[rows + 1, cosines] += SHARPNESS
            own = slice(head * attention.head_dim, (head + 1) * attention.head_dim)
            attention.q_proj.weight[own] = query
            attention.k_proj.weight[own] = key


def read_heards(shards: Sequence[Path]) -> list[tuple[str, np.ndarray]]:
    """(key, audio (N,)) of every clip in mouth shards."""
    return [
        (key, decode_audio(fields["flac"])) for shard in shards for key, fields in read_shard(shard)
    ]


def make_whisper(
    manifest: Path,
    val_manifest: Path,
    shards: list[Path],
    val_shards: list[Path],
    babble: Path,
    output: Path,
    settings: ToyWhisperKeys,
    noise: NoiseSettings,
    threads: int = 1,
) -> None:
    """Train on the audio of mouth shards under fresh noise every epoch; write the folder.

    ``toy.json`` in it tells how it was made and how much it hears.

    Args:
        manifest: manifest of the training split, whose transcript files hold word times.
        val_manifest: manifest of the validation split.
        shards: mouth shards of the training split.
        val_shards: mouth shards of the validation split.
        babble: the noise.
        output: the folder.
        settings: size and training.
        noise: masks and signal-to-noise ratios of the training views.
        threads: CPU threads.
    """
    torch.set_num_threads(threads)
    model, extractor = build(settings)
    encoder = model.get_encoder()
    clips, murmur = read_heards(shards), read_source(babble, test_share=noise.test_share)
    times = word_times(manifest)
    labeller = Labeller(times.values())
    times |= word_times(val_manifest)
    head = nn.Linear(settings.dim, len(labeller))

    def hear(key: str, audio: np.ndarray, condition: Condition) -> torch.Tensor:
        if len(audio) > extractor.n_samples:
            raise InputError(
                f"clip {key} lasts {len(audio) / SAMPLE_RATE:.2f} s, more than the toy model's "
                f"{settings.chunk_s} s; raise toy.whisper.chunk_s or lower the corpus' "
                "longest_segment_s"
            )
        heard = torch.from_numpy(render(audio, murmur, condition, key, noise).audio)
        normalised = F.layer_norm(heard.float(), heard.shape, eps=1e-8).numpy()
        mel = extractor(normalised, sampling_rate=SAMPLE_RATE, return_tensors="pt").input_features
        return cast(torch.Tensor, mel[0])

    def label(key: str, audio: np.ndarray) -> torch.Tensor:
        tokens = kept_tokens(len(audio))
        return labeller.label(times[key], tokens, TOKENS_PER_SECOND["audio"])

    def view(epoch: int, clip: int) -> torch.Tensor:
        # Numbered beyond any cached view, so that the encoder has not seen exactly what it encodes.
        return hear(*clips[clip], Condition("view", 1000 + epoch))

    def encode(batch: Sequence[Example]) -> torch.Tensor:
        return encoder(torch.stack([example.inputs for example in batch])).last_hidden_state

    torch.manual_seed(derive_seed(settings.seed, "whisper training"))
    labels = [label(*clip) for clip in clips]
    train_framewise(encoder, encode, head, labels, view, settings.training, settings.seed)
    held_out = read_heards(val_shards)
    right = {
        name: tokens_right(
            encode,
            head,
            (Example(hear(*clip, Condition.parse(name)), label(*clip)) for clip in held_out),
        )
        for name in ("clean", "snr_0", "snr_-5")
    }
    logging.info("share of validation tokens named rightly: %s", right)
    with atomic(output) as folder:
        model.save_pretrained(folder)
        extractor.save_pretrained(folder)
        report = {
            "settings": asdict(settings),
            "validation_tokens_right": right,
            "weights_sha256": sha256(folder / "model.safetensors"),
            **provenance(),
        }
        write_record(folder / NAME, report)


if __name__ == "__main__":
    run_command(make_whisper)
