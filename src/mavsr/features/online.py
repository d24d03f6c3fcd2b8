"""Frozen encoders inside training: fresh augmentation every epoch, no cached features.

This is what the papers' code does. It costs every model the encoding that a cache costs once, so it
is there to measure what caching saves and loses (benchmarks/online.py). Views are the cache's:
epoch e hears and sees exactly what ``view_e`` would hold, from the same code.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from mavsr.config.noise import NoiseSettings
from mavsr.encoders import Encoder, EncoderSettings, load_encoder
from mavsr.encoders.batches import encode_stream
from mavsr.encoders.whisper import kept_tokens
from mavsr.errors import InputError
from mavsr.features.align import align_lengths, align_tokens, covered_frames
from mavsr.features.content import unpack
from mavsr.features.extract import encoder_input, origin, stored_content
from mavsr.features.header import MadeBy
from mavsr.features.join import transcripts
from mavsr.features.settings import ExtractSettings
from mavsr.media import (
    FRAME_RATE,
    SAMPLE_RATE,
    SAMPLES_PER_FRAME,
    decode_audio,
    encode_audio,
)
from mavsr.model.avsr import Utterance
from mavsr.noise.condition import Condition
from mavsr.noise.file import read_source
from mavsr.noise.render import render
from mavsr.noise.sources import Noise
from mavsr.numerics import Count, Numerics, numerics_of
from mavsr.records import read_json
from mavsr.shards import Extent, Fields, contents, damaged, read_field


@dataclass(frozen=True)
class OnlineSettings:
    """What to encode, by what and how.

    Attributes:
        mouths: ``index.json`` of the training split's mouth crops and audio.
        babble: audio file that views are mixed with; needed for audio.
        audio_encoder: encoder of audio, if the task hears.
        video_encoder: encoder of pictures, if the task sees.
        noise: how audio is masked and mixed.
        extraction: how tokens are made; ``pool`` does not apply.

    """

    mouths: Path
    babble: Path | None = None
    audio_encoder: EncoderSettings | None = None
    video_encoder: EncoderSettings | None = None
    noise: NoiseSettings = NoiseSettings()  # noqa: RUF009 (frozen)
    extraction: ExtractSettings = ExtractSettings()  # noqa: RUF009 (frozen)

    @property
    def encoders(self) -> dict[str, EncoderSettings]:
        """Modality -> its encoder."""
        both = {"audio": self.audio_encoder, "video": self.video_encoder}
        return {modality: encoder for modality, encoder in both.items() if encoder is not None}

    def to_dict(self) -> dict[str, Any]:
        """All of them as JSON knows them; paths as text."""
        return json.loads(json.dumps(asdict(self), default=str))

    def __post_init__(self) -> None:
        if self.audio_encoder is not None and self.babble is None:
            raise InputError("online features of audio need a babble file; give one")


class Clips:
    """What all views share: the encoders, and where each clip's crops and audio lie.

    Args:
        manifest: of the training split.
        settings: what to encode.
        device: where the encoders run.

    Raises:
        InputError: a shard is missing or damaged, or a clip has no transcript.

    """

    def __init__(
        self, manifest: Path, settings: OnlineSettings, device: str | torch.device = "cpu"
    ) -> None:
        self.texts = transcripts(manifest)
        self.settings = settings
        split = settings.extraction.long_clips == "split"
        self.networks: dict[str, Encoder] = {
            modality: load_encoder(encoder, device, split)
            for modality, encoder in settings.encoders.items()
        }
        self.places: dict[str, tuple[Path, dict[str, Extent]]] = {}
        for entry in read_json(settings.mouths, "index")["shards"]:
            shard = settings.mouths.parent / entry["file"]
            found = contents(shard)
            if len(found) != entry["samples"]:
                raise damaged(shard, f"{len(found)} clips, {entry['samples']} were indexed")
            self.places |= {key: (shard, fields) for key, fields in found.items()}
        if odd := self.places.keys() - self.texts.keys():
            raise InputError(
                f"{settings.mouths}: clip {min(odd)} is not in {manifest}; rebuild both"
            )

    @cached_property
    def babble(self) -> Noise:
        """The noise."""
        assert self.settings.babble is not None
        return read_source(self.settings.babble, test_share=self.settings.noise.test_share)

    @cached_property
    def frames(self) -> dict[str, int]:
        """Key -> video frames, as stored."""
        return {
            key: int(json.loads(self.read(key, ("json",))["json"])["frames"])
            for key in sorted(self.places)
        }

    def read(self, key: str, fields: tuple[str, ...]) -> Fields:
        """Some fields of a clip, read from their places alone."""
        shard, places = self.places[key]
        with shard.open("rb") as file:
            return {name: read_field(file, shard, key, name, places[name]) for name in fields}


class OnlineSource(Mapping[str, Utterance]):
    """Key -> utterance of the training split, encoded when asked for.

    It offers what :class:`mavsr.features.join.UtteranceSource` offers.

    Args:
        clips: what all views share.
        view: number of the view; that of the epoch.

    """

    def __init__(self, clips: Clips, view: int) -> None:
        self.clips, self.condition = clips, Condition("view", view)

    def __getitem__(self, key: str) -> Utterance:
        clips = self.clips
        tokens = {modality: self._tokens(key, modality) for modality in clips.networks}
        return Utterance(key, clips.texts[key], align_tokens(key, tokens, self._numerics.aligned))

    def _tokens(self, key: str, modality: str) -> torch.Tensor:
        clips, extraction = self.clips, self.clips.settings.extraction
        fields = clips.read(key, ("flac",) if modality == "audio" else ("mkv",))
        if modality == "audio":
            speech = decode_audio(fields["flac"])
            noise = clips.settings.noise
            rendered = render(speech, clips.babble, self.condition, key, noise)
            fields = {"flac": encode_audio(rendered.audio)}  # 16 bit, as a noise shard keeps it
        samples = encoder_input(key, fields, modality, self.condition, extraction)
        network = clips.networks[modality]
        stream = encode_stream([(key, samples)], network, precision=extraction.precision)
        return unpack(stored_content(key, next(stream)[1], {}, extraction))

    def __iter__(self):
        return iter(sorted(self.clips.places))

    def __len__(self) -> int:
        return len(self.clips.places)

    @property
    def dims(self) -> dict[str, int]:
        """Modality -> width d of a token."""
        return {modality: network.dim for modality, network in self.clips.networks.items()}

    @property
    def folders(self) -> dict[str, Path]:
        """Modality -> folder that its tokens come from."""
        return dict.fromkeys(self.clips.networks, self.clips.settings.mouths.parent)

    @property
    def made_by(self) -> dict[str, MadeBy]:
        """Modality -> weights and settings that make its tokens."""
        settings, networks = self.clips.settings, self.clips.networks
        return {
            modality: origin(networks[modality], encoder, self.condition, settings.extraction)
            for modality, encoder in settings.encoders.items()
        }

    def lengths(self) -> dict[str, dict[str, int]]:
        """Key -> modality -> aligned tokens of the clip, without encoding it."""
        limit_s, numerics = self.clips.settings.extraction.limit_s, self._numerics
        return {
            key: align_lengths(
                key,
                {m: _tokens_of(m, frames, limit_s, numerics.count) for m in self.clips.networks},
                numerics.aligned,
            )
            for key, frames in self.clips.frames.items()
        }

    @property
    def _numerics(self) -> Numerics:
        """Those of the audio encoder, which decide how many of its tokens a clip has."""
        audio = self.clips.settings.audio_encoder
        return numerics_of(audio.numerics if audio else "ours")

    def frames(self) -> dict[str, int]:
        """Key -> length in video frames (25 per second)."""
        return {key: covered_frames(tokens) for key, tokens in self.lengths().items()}


def _tokens_of(modality: str, frames: int, limit_s: float, count: Count) -> int:
    if modality == "video":
        return int(min(frames, limit_s * FRAME_RATE))
    return kept_tokens(int(min(frames * SAMPLES_PER_FRAME, limit_s * SAMPLE_RATE)), count)


def online_views(
    manifest: Path, settings: OnlineSettings, epochs: int, device: str | torch.device = "cpu"
) -> list[OnlineSource]:
    """One source per epoch, so that no epoch repeats another's augmentation."""
    clips = Clips(manifest, settings, device)
    return [OnlineSource(clips, view) for view in range(epochs)]
