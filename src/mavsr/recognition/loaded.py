"""A model ready to transcribe, and what it says of encoder tokens at one scale."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from mavsr.encoders import Encoder, load_encoder
from mavsr.errors import InputError
from mavsr.evaluation.settings import DecodingSettings
from mavsr.evaluation.transcribe import hypotheses, plan_batches
from mavsr.features.extract import origin
from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.model.cost import prefix_tokens, teraflops
from mavsr.model.folder import ModelFolder
from mavsr.model.scales import Scale
from mavsr.recognition.clip import CLEAN
from mavsr.recognition.segment import Reading
from mavsr.recognition.settings import Setup


@dataclass(frozen=True)
class Loaded:
    """A model with all that transcribing takes.

    Attributes:
        network: the model over its LLM.
        encoders: modality -> frozen encoder.
        setup: how crops and tokens are made.
        decoding: how transcripts are searched for.
        matrices: weights of the LLM that each of its tokens meets (:mod:`mavsr.model.cost`).

    """

    network: MatryoshkaModel
    encoders: Mapping[str, Encoder]
    setup: Setup
    decoding: DecodingSettings
    matrices: int

    def weights(self, scale: Scale) -> int:
        """What each token of the LLM meets at a scale, the adapter's share included.

        Not of the trained scales alone: a model that is pooled at test time serves every one.
        """
        return self.matrices + self.network.adapter.active_parameters(scale)


def load_encoders(
    folder: ModelFolder, setup: Setup, device: str | torch.device
) -> dict[str, Encoder]:
    """Modality -> encoder of a model, on ``device``.

    Raises:
        InputError: an encoder is not the one on whose tokens the model was trained.

    """
    found = {}
    for modality, settings in setup.encoders.items():
        encoder = load_encoder(settings, device, setup.features.long_clips == "split")
        made_by = origin(encoder, settings, CLEAN, setup.features)
        for key, trained_on in folder.encoders.get(modality, {}).items():
            if made_by.get(key) != trained_on:
                raise InputError(
                    f"{folder.path} was trained on another {modality} encoder than "
                    f"{settings.path} is now: {key} is {made_by.get(key)} instead of "
                    f"{trained_on}; {folder.remedy()}"
                )
        found[modality] = encoder
    return found


def read_tokens(
    tokens: Mapping[str, dict[str, torch.Tensor]],
    model: Loaded,
    scale: Scale,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Reading]:
    """Key -> what is said, of clips of which encoder tokens are there.

    Args:
        tokens: key -> modality -> encoder tokens (T, d).
        model: what transcribes them.
        scale: one of the model's.
        clock: seconds that pass.

    """
    prompt, weights = len(model.network.prompt_ids(scale)), model.weights(scale)
    lengths = {
        key: prefix_tokens({m: len(rows) for m, rows in clip.items()}, scale, prompt)
        for key, clip in tokens.items()
    }
    readings = {}
    for batch in plan_batches(lengths, model.decoding):
        begun = clock()
        clips = [Utterance(key, "", tokens[key]) for key in batch]
        found = hypotheses(model.network, clips, scale, model.decoding)
        each = (clock() - begun) / len(batch)
        for key, (text, confidence, words) in zip(batch, found, strict=True):
            flops = teraflops(weights, lengths[key])
            readings[key] = Reading(text, confidence, lengths[key], flops, each, words, scale.name)
    _warn_of_cut({key: reading.text for key, reading in readings.items()}, model)
    return readings


def _warn_of_cut(texts: Mapping[str, str], model: Loaded) -> None:
    longest = model.decoding.max_new_tokens
    count = model.network.count_targets
    cut = [key for key, text in texts.items() if count([Utterance("", text, {})]) > longest]
    if cut:
        more = f" and {len(cut) - 1} more" if len(cut) > 1 else ""
        logging.warning(
            "%s%s: the text may be cut: max_new_tokens is %d; raise it", cut[0], more, longest
        )
