"""Command: make the stand-in for Whisper, a small ``WhisperModel`` folder trained by CTC."""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

from mavsr.command import run_command
from mavsr.encoders.whisper import kept_tokens
from mavsr.files import write_json
from mavsr.media import decode_audio, read_audio
from mavsr.noise.condition import Condition
from mavsr.noise.render import NoiseSettings, render
from mavsr.provenance import provenance
from mavsr.seeds import derive_seed
from mavsr.shards import read_shard
from mavsr.standins.ctc import CtcSettings, Example, train_ctc, word_error_rate


@dataclass(frozen=True)
class WhisperStandinSettings:
    """Size and training of the stand-in."""

    seed: int = 0
    dim: int = 128
    layers: int = 3
    heads: int = 4
    chunk_s: int = 4
    """Length that every clip is padded to, seconds (30 for the published models)."""
    ctc: CtcSettings = CtcSettings(epochs=12, learning_rate=2e-3)


def build(settings: WhisperStandinSettings) -> tuple[WhisperModel, WhisperFeatureExtractor]:
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
        max_source_positions=50 * settings.chunk_s,
        max_target_positions=8,
        dropout=0.1,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
    )
    return WhisperModel(config), WhisperFeatureExtractor(chunk_length=settings.chunk_s)


def read_clips(shards: Sequence[Path]) -> list[tuple[str, np.ndarray, str]]:
    """(key, sound (N,), text) of every clip in mouth shards."""
    return [
        (key, decode_audio(fields["flac"]), json.loads(fields["json"])["text"])
        for shard in shards
        for key, fields in read_shard(shard)
    ]


def make_whisper(
    shards: list[Path],
    val_shards: list[Path],
    babble: Path,
    output: Path,
    settings: WhisperStandinSettings,
    noise: NoiseSettings,
    threads: int = 1,
) -> None:
    """Train on the sound of mouth shards under fresh noise every epoch; write the folder.

    ``standin.json`` in it, written last, tells how it was made and its best-path WER on clean
    validation clips.

    Args:
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
    clips, sound_of_babble = read_clips(shards), read_audio(babble)

    def example(key: str, sound: np.ndarray, text: str, condition: Condition) -> Example:
        heard = torch.from_numpy(render(sound, sound_of_babble, condition, key, noise).sound)
        normalised = F.layer_norm(heard.float(), heard.shape, eps=1e-8).numpy()
        mel = extractor(normalised, sampling_rate=16_000, return_tensors="pt").input_features[0]
        return Example(mel, text, kept_tokens(len(sound)))

    def view(epoch: int) -> list[Example]:
        # Numbered beyond any cached view, so that the encoder has not seen exactly what it encodes.
        condition = Condition("view", 1000 + epoch)
        return [example(*clip, condition) for clip in clips]

    def encode(batch: Sequence[Example]) -> torch.Tensor:
        return encoder(torch.stack([example.inputs for example in batch])).last_hidden_state

    torch.manual_seed(derive_seed(settings.seed, "whisper training"))
    head, units = train_ctc(encoder, encode, settings.dim, view, settings.ctc, settings.seed)
    held_out = [example(*clip, Condition("clean")) for clip in read_clips(val_shards)]
    wer = word_error_rate(encode, head, units, held_out)
    logging.info("best-path WER on clean validation clips: %.1f %%", wer)
    output.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(output)
    extractor.save_pretrained(output)
    report = {"settings": asdict(settings), "validation_wer": round(wer, 2), **provenance()}
    write_json(output / "standin.json", report)


if __name__ == "__main__":
    run_command(make_whisper)
