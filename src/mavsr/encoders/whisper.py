"""Whisper's encoder as a frozen audio encoder: 16 kHz sound -> 50 tokens per second.

As in the public code of Llama-AVSR, the waveform of a clip is normalised to zero mean and unit
variance, its log-mel spectrogram is padded to the length Whisper was trained on (30 s for the
published models; always taken from the model folder), and the tokens that the clip itself fills
are kept. The decoder is dropped.

Source: Llama-MTSK, Sec. 4.1.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import huggingface_hub
import torch
import torch.nn.functional as F
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
)
from transformers import WhisperFeatureExtractor, WhisperModel
from transformers.models.whisper.modeling_whisper import WhisperEncoder as WhisperNetwork

from mavsr.encoders.base import Encoder
from mavsr.errors import InputError
from mavsr.media import SAMPLE_RATE
from mavsr.tokens import MINIMUM_AUDIO_TOKENS, TOKENS_PER_SECOND

_CONFIG_FILES = ("config.json", "preprocessor_config.json")
_WEIGHT_FILES = ("model.safetensors", "model.safetensors.index.json", "model-*.safetensors")


def kept_tokens(samples: int) -> int:
    """Tokens kept of a clip of ``samples`` samples at 16 kHz.

    The product is truncated in floating point, as in the public code: some lengths, 29 video frames
    for instance, have one token fewer than two per frame.
    """
    return max(int(samples / SAMPLE_RATE * TOKENS_PER_SECOND["audio"]), MINIMUM_AUDIO_TOKENS)


class WhisperEncoder(Encoder):
    """The encoder half of a Whisper model with its feature extractor."""

    modality = "audio"
    rate_hz = TOKENS_PER_SECOND["audio"]

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
        folder = _folder(name_or_folder, revision, local_files_only)
        missing = [name for name in _CONFIG_FILES if not (folder / name).is_file()]
        weights = sorted(folder.glob("model*.safetensors"))
        if missing or not weights:
            raise InputError(
                f"{folder} lacks {', '.join(missing or _WEIGHT_FILES[:1])}; give a complete "
                "Whisper folder in Hugging Face's format"
            )
        try:
            extractor = WhisperFeatureExtractor.from_pretrained(folder, local_files_only=True)
            loaded: Any = WhisperModel.from_pretrained(
                folder,
                local_files_only=True,
                dtype=torch.float32,
                attn_implementation="sdpa",
                output_loading_info=True,
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(f"{folder} cannot be loaded as a Whisper model: {error}") from error
        model, loading = loaded
        lacking = sorted(key for key in loading["missing_keys"] if key.startswith("encoder."))
        if lacking:  # they would be random numbers
            raise InputError(
                f"{folder}: the weights lack {lacking[0]!r}; give a complete Whisper folder"
            )
        network = model.get_encoder()
        expected, given = 2 * network.config.max_source_positions, extractor.nb_max_frames
        if (
            expected != given
            or extractor.sampling_rate != SAMPLE_RATE
            or extractor.feature_size != network.config.num_mel_bins
        ):
            raise InputError(
                f"{folder}: preprocessor_config.json gives {given} mel frames of "
                f"{extractor.feature_size} bins at {extractor.sampling_rate} Hz, config.json asks "
                f"for {expected} frames of {network.config.num_mel_bins} bins, and sound comes at "
                f"{SAMPLE_RATE} Hz; make chunk_length, feature_size, max_source_positions agree"
            )
        encoder = cls(network, extractor)
        encoder.weight_files = tuple(weights)
        return encoder.eval().requires_grad_(False)

    @torch.inference_mode()
    def encode(self, samples: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Tokens (tokens, d) of each waveform, float32 (N,) at 16 kHz.

        All clips of a call form one batch; each gives the same tokens as alone, because every clip
        is padded to Whisper's own length and keeps its own number of tokens.

        Raises:
            InputError: a clip is empty or longer than the model's chunk.

        """
        longest = self.extractor.n_samples
        for clip in samples:
            if not 0 < clip.numel() <= longest:
                raise InputError(
                    f"a clip lasts {clip.numel() / SAMPLE_RATE:.2f} s; this Whisper takes more "
                    f"than 0 s and at most {longest / SAMPLE_RATE:g} s: cut it into shorter "
                    "segments or drop it in the corpus stage"
                )
        waves = [F.layer_norm(clip.float().cpu(), clip.shape, eps=1e-8).numpy() for clip in samples]
        mel = self.extractor(
            waves, sampling_rate=SAMPLE_RATE, return_tensors="pt", device=str(self.device)
        ).input_features
        tokens = self.network(mel.to(self.device)).last_hidden_state
        return [row[: kept_tokens(clip.numel())] for row, clip in zip(tokens, samples, strict=True)]

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """Tokens (tokens, d) of one waveform, float32 (N,) at 16 kHz."""
        return self.encode([waveform])[0]


def _folder(name_or_folder: str | Path, revision: str | None, local_files_only: bool) -> Path:
    """Find the local folder of a model, after fetching what is missing of a hub model."""
    if Path(name_or_folder).is_dir():
        return Path(name_or_folder)
    name = str(name_or_folder)
    page = f"{huggingface_hub.constants.ENDPOINT}/{name}"
    try:
        return Path(
            huggingface_hub.snapshot_download(
                name,
                revision=revision,
                allow_patterns=[*_CONFIG_FILES, *_WEIGHT_FILES],
                local_files_only=local_files_only,
            )
        )
    except GatedRepoError as error:
        raise InputError(
            f"Whisper model {name!r} is gated: accept its terms on {page}, then set HF_TOKEN to an "
            "access token of that account"
        ) from error
    except HFValidationError as error:
        raise InputError(
            f"Whisper folder {name} does not exist, and it is no name of a hub model either; "
            "correct the path"
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise InputError(
            f"Whisper model {name!r} is neither a folder here nor available. Correct the name; or "
            f"see {page} and set HF_TOKEN if the model is private; with HF_HUB_OFFLINE=1 or "
            f"local_files_only it must be in the local cache: fetch it once online. ({error})"
        ) from error
