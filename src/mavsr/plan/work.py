"""How much there is to do: lengths of splits, and the arithmetic of training and decoding."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mavsr.config.config import Config
from mavsr.config.corpora import PortraitCorpus
from mavsr.config.llms import WEIGHT_BYTES
from mavsr.model.compressions import compression_of
from mavsr.model.named import Model
from mavsr.model.scales import Scale, tasks_of
from mavsr.plan.features import Lengths, encoding_flops, split_lengths
from mavsr.plan.llm_sizes import LlmSize, llm_size, trained_parameters
from mavsr.plan.rates import Rates
from mavsr.report.encoder_sizes import EncoderSize, encoder_size
from mavsr.tokens import TOKENS_PER_SECOND
from mavsr.training.objective import draws_rates
from mavsr.workflow.evaluations import Evaluation
from mavsr.workflow.experiments import training_settings

WORD_TOKENS = 3.5
"""Tokens of prompt and transcript per second of speech, assumed (15 in a clip of 4 s)."""
PASSES = 2
"""Forward, and backward through the frozen LLM to its adapters: weights get no gradient."""


@dataclass(frozen=True)
class Work:
    """Sizes of what a config names, each computed once."""

    config: Config
    rates: Rates
    results: Path

    @cached_property
    def encoders(self) -> dict[str, EncoderSize]:
        """Name of an encoder -> its size."""
        return {
            name: encoder_size(settings, self.config.toy)
            for name, settings in self.config.encoders.items()
        }

    @cached_property
    def llms(self) -> dict[str, LlmSize]:
        """Name of an LLM -> its size."""
        toy = self.config.toy.llama
        return {name: llm_size(llm.path, toy) for name, llm in self.config.llms.items()}

    @cached_property
    def weights(self) -> dict[str, int]:
        """Name of an LLM -> weights that multiply a token."""
        return {name: size.matrices for name, size in self.llms.items()}

    def frozen_bytes(self, llm: str) -> float:
        """Memory of an LLM's weights, in float32 where they are not quantised."""
        size = self.llms[llm]
        held = WEIGHT_BYTES[self.config.llms[llm].quantization]
        return held * (size.matrices - size.head) + 4 * size.head * (1 if size.tied else 2)

    def lengths(self, corpus: str, split: str) -> Lengths:
        """Of a split's clips: the manifest's, those in print, or those of a corpus to be made.

        A validation split that nobody prints gets the config's share of the training split.
        """
        section = self.config.corpora[corpus]
        found = split_lengths(corpus, section.kind, split, self.results / "corpus")
        if found is not None:
            return found
        share = section.reading.get("validation_share") or 0
        if isinstance(section, PortraitCorpus):
            make = section.make
            spoken = make.trainval_clips + make.pretrain_clips * make.pretrain_sentences
            count = {"train": 1 - share, "val": share}.get(split, 0) * spoken
            count = make.test_clips if split == "test" else round(count)
            return Lengths(np.full(int(count), self.rates.sentence_s), "config")
        if split == "val" and (train := self._printed(corpus, "train")) is not None:
            return Lengths(train.seconds[: round(share * len(train.seconds))], "published")
        return Lengths(np.zeros(0), "unknown, counted as nothing")

    def trained_lengths(self, model: Model) -> Lengths:
        """Of all clips that a model is trained on; an epoch is as long, whatever their shares."""
        parts = [self.lengths(corpus, "train") for corpus in model.corpora]
        if len(parts) == 1:
            return parts[0]
        basis = ", ".join(dict.fromkeys(part.basis for part in parts))
        return Lengths(np.concatenate([part.seconds for part in parts]), basis)

    def _printed(self, corpus: str, split: str) -> Lengths | None:
        kind = self.config.corpora[corpus].kind
        return split_lengths(corpus, kind, split, self.results / "corpus")

    def tokens(self, model: Model, scale: Scale, lengths: Lengths) -> float:
        """Tokens that the LLM reads of a split: compressed ones, prompt and transcript."""
        seconds = float(lengths.seconds.sum())
        a_second = sum(TOKENS_PER_SECOND[m] / rate for m, rate in scale.rates.items())
        return seconds * (a_second + WORD_TOKENS)

    def training_flops(self, model: Model) -> float:
        """Of all epochs over the scales of a step, and of encoders that training runs itself."""
        lengths, drawn = self.trained_lengths(model), self.draws_rates(model)
        tokens = 0.0
        for task in tasks_of(model.settings.task):
            own = [s for s in model.settings.scales if s.task == task]
            each = [self.tokens(model, scale, lengths) for scale in own]
            tokens += sum(each) / (len(each) if drawn else 1)
        an_epoch = PASSES * 2 * self.weights[model.llm] * tokens
        if self.config.features.mode == "online":
            an_epoch += sum(encoding_flops(self.encoders[e], lengths) for _, e in model.encoders)
        return an_epoch * training_settings(self.config, model).epochs

    def draws_rates(self, model: Model) -> bool:
        """Whether a training step computes one scale of each task, not all."""
        return draws_rates(model.settings, training_settings(self.config, model))

    def losses(self, model: Model) -> float:
        """Losses that a model's training records: of every step and scale."""
        settings = model.settings
        of_a_step = tasks_of(settings.task) if self.draws_rates(model) else settings.scales
        return len(of_a_step) * self.steps(model)

    def steps(self, model: Model) -> float:
        """Of a model's training, as if all batches were full."""
        section = training_settings(self.config, model)
        frames = TOKENS_PER_SECOND["video"] * float(self.trained_lengths(model).seconds.sum())
        return section.epochs * frames / section.batch_frames

    def decoding_flops(self, evaluation: Evaluation, split: str = "test") -> float:
        """Of one evaluation: the prefix once, then every beam's tokens."""
        model, section = evaluation.model, self.config.decoding
        lengths = self.lengths(evaluation.corpus, split)
        said = len(lengths.seconds) * section.beams * section.max_new_tokens
        tokens = self.tokens(model, evaluation.scale, lengths) + said
        return 2 * self.weights[model.llm] * tokens

    def trained(self, model: Model) -> int:
        """Parameters that a model's training changes: adapter, projectors and compressors."""
        settings, size = model.settings, self.llms[model.llm]
        total = trained_parameters(size, settings)
        compression = compression_of(settings.compression)
        for modality, encoder in model.encoders:
            dim = self.encoders[encoder].dim
            if compression.section:
                total += settings.section(compression.section).parameters(dim)
            for rate in settings.rates(modality):
                width = compression.width(dim, rate)
                hidden = settings.projector_hidden
                total += (width + 1) * hidden + (hidden + 1) * size.hidden
        return total
