"""A trained model on files of one's own: what ``mavsr.load`` gives and ``mavsr transcribe`` runs.

Crops, tokens and beam search are those of the workflow, so a clip of a corpus gets the transcript
that evaluation gives it.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import torch

from mavsr.encoders import Encoder
from mavsr.errors import InputError
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.cost import matrix_parameters
from mavsr.model.export import read_scale
from mavsr.model.folder import read_model_folder
from mavsr.model.llm import written_config
from mavsr.model.loading import best_device, load_trained
from mavsr.model.scales import Scale, modalities_of
from mavsr.recognition.choose import finest_first, ten_second_tflops
from mavsr.recognition.clip import clip_tokens, read_clip, there_of
from mavsr.recognition.loaded import Loaded, load_encoders, read_tokens
from mavsr.recognition.part import read_part
from mavsr.recognition.places import as_text
from mavsr.recognition.segment import NOTHING, Reading, Segment
from mavsr.recognition.served import indispensable, served
from mavsr.recognition.settings import read_setup
from mavsr.recognition.spans import Plan, Span, check_part, length_s, longest_input_s, plan_spans
from mavsr.recognition.stream import Settle, stream_segments, thumbnails
from mavsr.recognition.transcript import Transcript
from mavsr.shards import Fields
from mavsr.tokens import TOKENS_PER_SECOND

ScaleLike = Scale | str | int | Sequence[int]
"""A scale, or how to name one: ``(16, 5)`` (audio, video), ``16``, ``"16,5"`` or ``"a16_v5"``."""

WHOLE_S = 30.0
"""Longest utterance of a model whose encoders set no bound: Whisper's chunk."""

ROUNDING_S = 0.05
"""Tracks of a clip that fills the chunk may end a frame later."""


class Recogniser:
    """A trained model that takes video files, or audio files where it only hears.

    Encoders and LLM are loaded when the first file is transcribed.

    Args:
        folder: of the trained model; it may have been renamed or moved.
        device: such as ``cuda``; a GPU if there is one, if not given.
        beams: beam width; what the config said at training, if not given.
        max_new_tokens: longest transcript, in tokens of the LLM; likewise.
        quantization: how the LLM is held, ``nf4`` or ``none``; as in training, if not
            given. Another one than in training gives other transcripts (docs/methods.md).

    Raises:
        InputError: the folder is no trained model, or is damaged.
    """

    def __init__(
        self,
        folder: str | Path,
        device: str | torch.device | None = None,
        beams: int | None = None,
        max_new_tokens: int | None = None,
        quantization: str | None = None,
    ) -> None:
        self.folder = read_model_folder(Path(folder)).held_as(quantization)
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
        scale: ScaleLike | Sequence[ScaleLike] = "all",
        start: float = 0.0,
        end: float | None = None,
    ) -> Transcript:
        """What is said in a file, however long.

        What the model takes whole is one utterance, as in a corpus. Longer recordings are cut into
        utterances, and of several faces the one that speaks is looked at (docs/talks.md).

        Args:
            file: a video; audio is enough at scales that only hear, and video without audio at
                those that only see.
            scale: one of :attr:`scales`, such as ``(16, 5)``; a list of them, of which the first
                gives the text; or ``"all"``.
            start: where to begin in the file, seconds.
            end: where to end, seconds; the end of the file if not given.

        Returns:
            the text, a ``str`` that has segments, and shows itself in a notebook.

        Raises:
            InputError: the model does not serve the scale, or the file cannot be used.
        """
        scales = self.chosen(scale)
        path = Path(file)
        if self.takes_whole(path, start, end):
            segments = [self.utterance(path, self.read(path, start, end, scales), scales, start)]
        else:
            plan = self.plan(path, start, end, scales)
            segments = [*self.segments(path, plan.spans, scales)]
        return Transcript(segments, [one.name for one in scales])

    def takes_whole(self, file: Path, start: float = 0.0, end: float | None = None) -> bool:
        """Whether (a part of) a file is short enough to be one utterance."""
        chunks = [e.chunk_s for e in self.encoders.values() if e.chunk_s]
        return length_s(file, start, end) <= min(chunks, default=WHOLE_S) + ROUNDING_S

    def utterance(
        self, file: Path, clip: Fields, scales: Sequence[Scale], start: float = 0.0
    ) -> Segment:
        """A file of one utterance, at some scales, as the workflow would transcribe it.

        Args:
            file: the file.
            clip: what :meth:`read` gave of it.
            scales: of this model.
            start: where the clip begins in the file, seconds.

        """
        tokens = self.tokens(file, clip)
        readings = {scale.name: self._reading(file, tokens, scale) for scale in scales}
        seconds = max(len(rows) / TOKENS_PER_SECOND[m] for m, rows in tokens.items())
        return Segment(
            start,
            start + seconds,
            readings,
            "audio" in tokens,
            "video" in tokens,
            int("video" in tokens),
            (),
            thumbnails(clip),
        )

    def plan(
        self,
        file: Path,
        start: float = 0.0,
        end: float | None = None,
        scales: Sequence[Scale] = (),
        told: Callable[[float], None] = lambda _: None,
    ) -> Plan:
        """The utterances of a recording; see :func:`mavsr.recognition.spans.plan_spans`.

        Args:
            file: the recording.
            start: where to begin in it, seconds.
            end: where to end, seconds; the end of the file if not given.
            scales: what it will be decoded at; all, if not given.
            told: is told the share that is done.

        """
        longest = longest_input_s(self.encoders.values(), self.setup.features.long_clips == "split")
        needed = indispensable(scales or self.scales, self.scales)
        return plan_spans(file, needed, longest, start, end, told)

    def segments(
        self,
        file: Path,
        spans: Sequence[Span],
        scales: Sequence[Scale],
        settle: Settle | None = None,
    ) -> Iterator[Segment]:
        """Transcribe parts of a recording; see :func:`mavsr.recognition.stream.stream_segments`."""
        return stream_segments(file, spans, self.loaded, scales, settle)

    def chosen(self, named: ScaleLike | Sequence[ScaleLike]) -> list[Scale]:
        """The scales of this model that one name, a list of names or ``"all"`` means.

        Two whole numbers are the rates of one scale, not two scales.

        Raises:
            InputError: see :meth:`scale`.
        """
        if named == "all":
            return finest_first(self.scales)
        if isinstance(named, Scale | str | int):
            return [self.scale(named)]
        rates = [rate for rate in named if isinstance(rate, int)]
        return [self.scale(rates)] if len(rates) == len(named) else [*map(self.scale, named)]

    def costs(self) -> dict[Scale, float]:
        """Scale -> TFLOPs of the LLM for 10 s of speech, the finest first."""
        prompt, weights = self.network.prompt_ids, self.loaded.weights
        return {
            scale: ten_second_tflops(scale, weights[scale], len(prompt(scale)))
            for scale in finest_first(self.scales)
        }

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
        scales: Sequence[Scale] = (),
    ) -> Fields:
        """Mouth crops (``mkv``) and audio (``flac``) of a file, as far as they are needed.

        What a model can do without is left out where it cannot be had, with a warning.

        Args:
            file: as for :meth:`transcribe`.
            start: where the utterance begins in the file, seconds.
            end: where it ends, seconds; None is the end of the file.
            scales: what it will be decoded at; all, if not given.
        """
        check_part(start, end)
        needed = modalities_of(scales := scales or self.scales)
        try:
            return read_clip(file, start, end, needed, self.setup.crops)
        except InputError as error:
            if indispensable(scales, self.scales) == needed:
                raise
            last = start + length_s(file, start, end)
            part = read_part(file, Span(start, last, start, last), needed, self.setup.crops)
            if all(served(scale, there_of(part.fields), self.scales) is None for scale in scales):
                raise
            logging.warning("%s: %s", file, "; ".join(part.remarks) or error)
            return part.fields

    def tokens(self, file: Path, clip: Fields) -> dict[str, torch.Tensor]:
        """Modality -> encoder tokens (T, d) of what :meth:`read` gave, for all scales of these."""
        encoders = {m: encoder for m, encoder in self.encoders.items() if m in there_of(clip)}
        return clip_tokens(as_text(file.stem), clip, encoders, self.setup.features)

    def decode(self, file: Path, tokens: dict[str, torch.Tensor], scale: Scale) -> str:
        """The transcript of a file's tokens at a scale; see :mod:`mavsr.recognition.served`."""
        return self._reading(file, tokens, scale).text

    def _reading(self, file: Path, tokens: dict[str, torch.Tensor], scale: Scale) -> Reading:
        decoded = served(scale, tokens, self.scales)
        if decoded is None:
            return NOTHING
        key = as_text(file.stem)
        return read_tokens({key: tokens}, self.loaded, decoded)[key]

    @cached_property
    def loaded(self) -> Loaded:
        """The model with all that transcribing takes."""
        settings, network = self.folder.settings, self.network
        matrices = matrix_parameters(written_config(settings.llm, settings.llm_revision))
        weights = {s: matrices + network.adapter.active_parameters(s) for s in self.scales}
        return Loaded(network, self.encoders, self.setup, self.decoding, weights)

    @cached_property
    def network(self) -> MatryoshkaModel:
        """The model over its LLM; InputError unless that is the one it was trained over."""
        return load_trained(self.folder, self.device)

    @cached_property
    def encoders(self) -> dict[str, Encoder]:
        """Modality -> encoder; InputError unless the model was trained on tokens of just these."""
        return load_encoders(self.folder, self.setup, self.device)
