"""A trained model on files of one's own: what ``mavsr.load`` gives and ``mavsr transcribe`` runs.

Crops, tokens and beam search are those of the workflow, so a clip of a corpus gets the transcript
that evaluation gives it.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import torch

from mavsr.encoders import Encoder, load_encoder
from mavsr.errors import InputError
from mavsr.evaluation.transcribe import transcribe
from mavsr.features.extract import origin
from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.model.export import read_scale
from mavsr.model.folder import read_model_folder
from mavsr.model.loading import best_device, load_trained
from mavsr.model.scales import TASKS, Scale
from mavsr.recognition.clip import CLEAN, clip_tokens, read_clip
from mavsr.recognition.settings import read_setup
from mavsr.shards import Fields

FIELDS = {"audio": "flac", "video": "mkv"}
"""Modality -> what holds it in a clip."""
ScaleLike = Scale | str | int | Sequence[int]
"""A scale, or how to name one: ``(16, 5)`` (audio, video), ``16``, ``"16,5"`` or ``"a16_v5"``."""


class Recogniser:
    """A trained model that takes video files, or audio files where it only hears.

    Encoders and LLM are loaded when the first file is transcribed.

    Args:
        folder: of the trained model; it may have been renamed or moved.
        device: such as ``cuda``; a GPU if there is one, if not given.
        beams: beam width; what the config said at training, if not given.
        max_new_tokens: longest transcript, in tokens of the LLM; likewise.

    Raises:
        InputError: the folder is no trained model, or is damaged.
    """

    def __init__(
        self,
        folder: str | Path,
        device: str | torch.device | None = None,
        beams: int | None = None,
        max_new_tokens: int | None = None,
    ) -> None:
        self.folder = read_model_folder(Path(folder))
        self.setup = read_setup(self.folder)
        self.device = torch.device(device or best_device())
        decoding = self.setup.decoding
        self.decoding = replace(
            decoding,
            beams=decoding.beams if beams is None else beams,
            max_new_tokens=decoding.max_new_tokens if max_new_tokens is None else max_new_tokens,
        )

    @property
    def task(self) -> str:
        """``asr``, ``vsr``, ``avsr``, or ``omni`` for the three."""
        return self.folder.settings.task

    @property
    def scales(self) -> list[Scale]:
        """The scales that the model was trained for, the audio rate varying slowest."""
        return self.folder.settings.scales

    def transcribe(
        self,
        file: str | Path,
        scale: ScaleLike,
        start: float = 0.0,
        end: float | None = None,
    ) -> str:
        """What is said in a file.

        Args:
            file: a video of one utterance, about as long as those that the model was trained on;
                audio is enough at a scale that only hears, and pictures at one that only sees.
            scale: one of :attr:`scales`, such as ``(16, 5)``.
            start: where the utterance begins in the file, seconds.
            end: where it ends, seconds; the end of the file if not given.

        Raises:
            InputError: the model does not serve the scale, or the file cannot be used.
        """
        chosen = self.scale(scale)
        path = Path(file)
        return self.decode(path, self.tokens(path, self.read(path, start, end, chosen)), chosen)

    def scale(self, named: ScaleLike) -> Scale:
        """The scale of this model that ``named`` means.

        Raises:
            InputError: it is none, or the model does not serve it.
        """
        if isinstance(named, Scale):
            named = named.name
        elif not isinstance(named, str):
            rates = [named] if isinstance(named, int) else named
            named = ",".join(str(rate) for rate in rates)
        return read_scale(named, self.folder.settings)

    def read(
        self,
        file: Path,
        start: float = 0.0,
        end: float | None = None,
        scale: Scale | None = None,
    ) -> Fields:
        """Mouth crops (``mkv``) and audio (``flac``) of a file, as far as they are needed.

        Args:
            file: as for :meth:`transcribe`.
            start: where the utterance begins in the file, seconds.
            end: where it ends, seconds; None is the end of the file.
            scale: what it will be decoded at; None reads what all scales need.
        """
        needed = scale.rates if scale else TASKS[self.task]
        return read_clip(file, start, end, tuple(needed), self.setup.crops)

    def tokens(self, file: Path, clip: Fields) -> dict[str, torch.Tensor]:
        """Modality -> encoder tokens (T, d) of what :meth:`read` gave, for all scales of these."""
        encoders = {m: encoder for m, encoder in self.encoders.items() if FIELDS[m] in clip}
        return clip_tokens(file.stem, clip, encoders, self.setup.features)

    def decode(self, file: Path, tokens: dict[str, torch.Tensor], scale: Scale) -> str:
        """The transcript of a file's tokens at a scale."""
        clip = Utterance(file.stem, "", tokens)  # its key seeds what decoding draws, if it does
        [text] = transcribe(self.network, [clip], scale, self.decoding)
        longest = self.decoding.max_new_tokens
        if self.network.count_targets([Utterance("", text, {})]) > longest:
            logging.warning(
                "%s: the text may be cut: max_new_tokens is %d; raise it", file, longest
            )
        return text

    @cached_property
    def network(self) -> MatryoshkaModel:
        """The model over its LLM; InputError unless that is the one it was trained over."""
        return load_trained(self.folder, self.device)

    @cached_property
    def encoders(self) -> dict[str, Encoder]:
        """Modality -> encoder; InputError unless the model was trained on tokens of just these."""
        found = {}
        for modality, settings in self.setup.encoders.items():
            split = self.setup.features.long_clips == "split"
            encoder = load_encoder(settings, self.device, split)
            made_by = origin(encoder, settings, CLEAN, self.setup.features)
            for key, trained_on in self.folder.encoders.get(modality, {}).items():
                if made_by.get(key) != trained_on:
                    raise InputError(
                        f"{self.folder.path} was trained on another {modality} encoder than "
                        f"{settings.path} is now: {key} is {made_by.get(key)} instead of "
                        f"{trained_on}; put back the encoder, or train again"
                    )
            found[modality] = encoder
        return found
