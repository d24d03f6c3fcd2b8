"""Whisper's encoder as a frozen audio encoder: 16 kHz audio -> 50 tokens per second.

The waveform of a clip is normalised to zero mean and unit variance, its log-mel spectrogram is
padded to the length Whisper was trained on (30 s for the published models; always taken from the
model folder), and the tokens that the clip itself fills are kept. The decoder is dropped. ``pad``
and ``split_long`` depart from that on demand. The public code of Llama-AVSR does the same but for
its numbers: it rounds waveforms to bfloat16 and counts a clip's tokens in bfloat16, which is
``numerics: authors`` here.

Source: Llama-MTSK, Sec. 4.1.
"""

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from transformers import WhisperFeatureExtractor, WhisperModel
from transformers.models.whisper.modeling_whisper import WhisperEncoder as WhisperNetwork
from transformers.utils import logging as library_logging

from mavsr.checkpoints import weight_files
from mavsr.config.encoders import Padding
from mavsr.encoders.base import Encoder, rounded
from mavsr.encoders.hub import whisper_folder
from mavsr.errors import InputError
from mavsr.media import SAMPLE_RATE
from mavsr.numerics import Count
from mavsr.tokens import MINIMUM_AUDIO_TOKENS, TOKENS_PER_SECOND

_NETWORK = ("activation_function", "encoder_attention_heads", "scale_embedding")
_EXTRACTOR = ("hop_length", "n_fft", "padding_value", "dither")
"""What config.json and the feature extractor's file say that no weight's shape shows."""
SAMPLES_PER_TOKEN = SAMPLE_RATE // TOKENS_PER_SECOND["audio"]


def kept_tokens(samples: int, count: Count = "float64") -> int:
    """Tokens kept of a clip of ``samples`` samples at 16 kHz.

    The product is truncated in floating point, so that some lengths, 29 video frames for instance,
    have one token fewer than two per frame. The public code does the same on a tensor, which is
    bfloat16 under its ``bf16-true``: 300 frames then have 604 tokens, 29 frames 57.

    Args:
        samples: length of the clip.
        count: type of the numbers.
    """
    kept = samples / SAMPLE_RATE * TOKENS_PER_SECOND["audio"]
    if count != "float64":
        length = torch.tensor(samples).to(getattr(torch, count))
        kept = float(length / SAMPLE_RATE * TOKENS_PER_SECOND["audio"])
    return max(int(kept), MINIMUM_AUDIO_TOKENS)


class WhisperEncoder(Encoder):
    """The encoder half of a Whisper model with its feature extractor.

    Attributes:
        pad: ``chunk`` pads clips to the model's own length; ``none`` pads those below
            half a second alone, which get the fewest tokens that a clip may have.
        split_long: encode a clip that exceeds the model's length in equal pieces and join their
            tokens, instead of refusing it.

    """

    modality = "audio"
    rate_hz = TOKENS_PER_SECOND["audio"]
    pad: Padding = "chunk"
    split_long: bool = False

    def __init__(self, network: WhisperNetwork, extractor: WhisperFeatureExtractor) -> None:
        super().__init__()
        self.network = network
        self.extractor = extractor
        self.dim = network.config.d_model

    @classmethod
    def from_pretrained(
        cls,
        name_or_folder: str | Path,
        revision: str | None = None,
        local_files_only: bool = False,
    ) -> "WhisperEncoder":
        """Load the encoder of a Whisper model: float32, eval mode, frozen.

        Args:
            name_or_folder: a folder in Hugging Face's format, or a model's name on the hub such as
                ``openai/whisper-medium.en``.
            revision: commit, tag or branch of a hub model.
            local_files_only: take a hub model from the local cache, never from the network.

        Raises:
            InputError: the model is missing, gated or not reachable, or the folder is incomplete or
                inconsistent.

        """
        folder = whisper_folder(name_or_folder, revision, local_files_only)
        weights = [file for file in weight_files(folder) if file.suffix != ".json"]
        try:
            extractor = WhisperFeatureExtractor.from_pretrained(folder, local_files_only=True)
            with _unreported():
                loaded: Any = WhisperModel.from_pretrained(
                    folder,
                    local_files_only=True,
                    dtype=torch.float32,
                    attn_implementation="sdpa",
                    output_loading_info=True,
                )
        except Exception as error:  # a damaged file may raise anything
            raise InputError(
                f"{folder} cannot be loaded as a Whisper model ({type(error).__name__}: {error}); "
                "the download may be incomplete (a Git LFS pointer, for instance): fetch it again"
            ) from error
        model, loading = loaded
        # Missing ones would be random numbers, superfluous ones are layers that config.json forgot.
        for what, names in (("lack", "missing_keys"), ("have a superfluous", "unexpected_keys")):
            odd = sorted(key for key in loading[names] if re.match(r"(model\.)?encoder\.", key))
            if odd:
                raise InputError(
                    f"{folder}: the weights {what} {odd[0]!r}; give a complete Whisper folder, "
                    "whose config.json belongs to its weights"
                )
        network = model.get_encoder()
        expected, given = 2 * network.config.max_source_positions, extractor.nb_max_frames
        if (
            expected != given
            or extractor.sampling_rate != SAMPLE_RATE
            or extractor.feature_size != network.config.num_mel_bins
        ):
            raise InputError(
                f"{folder}: its feature extractor gives {given} mel frames of "
                f"{extractor.feature_size} bins at {extractor.sampling_rate} Hz, config.json asks "
                f"for {expected} frames of {network.config.num_mel_bins} bins, and audio comes at "
                f"{SAMPLE_RATE} Hz; make chunk_length, feature_size, max_source_positions agree"
            )
        encoder = cls(network, extractor)
        encoder.weight_files = tuple(weights)
        given = {name: getattr(network.config, name) for name in _NETWORK}
        encoder.file_settings = given | {
            name: getattr(extractor, name, None) for name in _EXTRACTOR
        }
        return encoder.eval().requires_grad_(False)

    @torch.inference_mode()
    def encode(self, samples: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Tokens (tokens, d) of each waveform, float32 (N,) at 16 kHz.

        Clips padded to Whisper's own length form one batch; those that are not run one by one,
        because Whisper has no mask. Either way each gives the same tokens as alone.

        Raises:
            InputError: a clip is empty, or longer than the model's chunk and not to be split.

        """
        clips = [self._pieces(clip) for clip in samples]
        encoded = iter(self._encode_pieces([piece for pieces in clips for piece in pieces]))
        tokens = []
        for clip, pieces in zip(samples, clips, strict=True):
            # All but the last piece end where a token does.
            whole = [next(encoded)[: len(piece) // SAMPLES_PER_TOKEN] for piece in pieces[:-1]]
            kept = kept_tokens(clip.numel(), self.numerics.count)
            tokens.append(torch.cat([*whole, next(encoded)])[:kept])
        return tokens

    @property
    def chunk_s(self) -> float | None:
        """Length to which every clip is padded, seconds; None without padding."""
        return self.extractor.n_samples / SAMPLE_RATE if self.pad == "chunk" else None

    def seconds(self, sample: torch.Tensor) -> float:
        """Length of a waveform (N,) with its padding."""
        own, chunk = sample.numel() / SAMPLE_RATE, self.chunk_s
        return own if chunk is None else chunk * max(1, math.ceil(own / chunk))

    def _pieces(self, clip: torch.Tensor) -> list[np.ndarray]:
        """Cut a waveform (N,), normalised, into as few equal pieces as the chunk allows."""
        longest, given = self.extractor.n_samples, clip.numel()
        if given == 0:
            raise InputError("it has no audio: 0 samples; drop it in the corpus stage")
        if given > longest and not self.split_long:
            raise InputError(
                f"it lasts {given / SAMPLE_RATE:.2f} s and this Whisper takes at most "
                f"{longest / SAMPLE_RATE:g} s; set features.long_clips to split or truncate (if "
                "it is truncate, lower features.longest_s), or cut it into shorter segments in the "
                "corpus stage"
            )
        normalised = F.layer_norm(clip.float().cpu(), clip.shape, eps=1e-8)
        wave = (rounded(normalised) if self.numerics.rounded else normalised).numpy()
        per_piece = math.ceil(given / math.ceil(given / longest) / SAMPLES_PER_TOKEN)
        size = per_piece * SAMPLES_PER_TOKEN
        return [wave[start : start + size] for start in range(0, given, size)]

    def _encode_pieces(self, pieces: list[np.ndarray]) -> list[torch.Tensor]:
        """All tokens (T, d) of each piece, those of the padding included."""
        if self.pad == "none":
            least = MINIMUM_AUDIO_TOKENS * SAMPLES_PER_TOKEN
            return [self._unpadded(np.pad(w, (0, max(0, least - len(w))))) for w in pieces]
        return list(self.network(self._mel(pieces, "max_length")).last_hidden_state)

    def _unpadded(self, wave: np.ndarray) -> torch.Tensor:
        """Tokens (T, d) of the audio as long as it is: Whisper with its first T positions."""
        network = self.network
        hidden = F.gelu(network.conv2(F.gelu(network.conv1(self._mel([wave], "longest")))))
        hidden = hidden.transpose(1, 2)
        hidden = hidden + network.embed_positions.weight[: hidden.shape[1]]
        for layer in network.layers:
            hidden = layer(hidden, None)
        return network.layer_norm(hidden)[0]

    def _mel(self, waves: list[np.ndarray], padding: str) -> torch.Tensor:
        """Log-mel spectrograms (B, bins, 100 per second) on the encoder's device."""
        with torch.autocast(self.device.type, enabled=False):  # spectra span many magnitudes
            mel = self.extractor(
                waves,
                sampling_rate=SAMPLE_RATE,
                return_tensors="pt",
                padding=padding,
                device=str(self.device),
            )
        return mel.input_features.to(self.device)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """Tokens (tokens, d) of one waveform, float32 (N,) at 16 kHz."""
        return self.encode([waveform])[0]


@contextmanager
def _unreported() -> Iterator[None]:
    """Silence the library's table of tensors that are missing: of the decoder, they may be."""
    level = library_logging.get_verbosity()
    library_logging.set_verbosity_error()
    try:
        yield
    finally:
        library_logging.set_verbosity(level)
