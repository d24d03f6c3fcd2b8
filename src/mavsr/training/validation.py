"""How good the model is on clips it does not train on."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import jiwer
import torch
from transformers import GenerationConfig

from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.model.scales import Scale
from mavsr.model.sequence import pad_left
from mavsr.seeds import generator
from mavsr.training.plans import Plan
from mavsr.training.precision import without_checkpoints
from mavsr.training.processes import Processes

BATCH = 32
"""Clips that are measured together."""


@dataclass(frozen=True)
class Score:
    """What one scale reaches."""

    loss: float
    """Mean cross-entropy of the transcripts' tokens."""
    wer: float
    """Word error rate in % of greedy decoding of a sample; NaN without one."""


@torch.no_grad()
def validate(
    model: MatryoshkaModel,
    plan: Plan,
    clips: Mapping[str, Utterance],
    sample: int,
    processes: Processes,
    computing: AbstractContextManager,
) -> list[Score]:
    """Loss on all clips and WER on ``sample`` of them, at every scale of the model.

    The sample is the same in every epoch and for every model. Greedy decoding, without a beam, is a
    sign of progress; results/wer.csv comes from beam search on the test split.
    """
    scales = model.settings.scales
    with computing, without_checkpoints(model):
        mine = processes.share(list(clips))
        chunks = [[clips[key] for key in mine[i : i + BATCH]] for i in range(0, len(mine), BATCH)]
        targets = sum(model.count_targets(chunk) for chunk in chunks)
        total = int(processes.total(torch.tensor(targets, device=processes.device)))
        losses = torch.zeros(len(scales), device=processes.device)
        for chunk in chunks:
            losses += plan.losses(model, chunk, total)
        losses = processes.total(losses)
        sampled = [clips[key] for key in sample_keys(list(clips), sample)]
        # Of all processes' clips, so that a transcript ends where it would in one process.
        longest = max((model.count_targets([clip]) for clip in sampled), default=0)
        picks = processes.share(sampled)
        rates = [_errors(model, picks, scale, longest, processes) for scale in scales]
    return [Score(loss, wer) for loss, wer in zip(losses.tolist(), rates, strict=True)]


def unusable(clips: Mapping[str, Utterance]) -> list[str]:
    """Keys of the clips that have a token which is not finite."""
    return [
        key
        for key in clips
        if not all(tokens.isfinite().all() for tokens in clips[key].tokens.values())
    ]


def sample_keys(keys: Sequence[str], count: int) -> list[str]:
    """``count`` keys, or all if there are fewer, chosen by their names alone."""
    order = generator("validation sample").permutation(len(keys))
    return sorted(sorted(keys)[i] for i in order[:count])


def _errors(
    model: MatryoshkaModel,
    utterances: list[Utterance],
    scale: Scale,
    longest: int,
    processes: Processes,
) -> float:
    errors = words = 0
    if utterances:
        texts = _greedy(model, utterances, scale, longest)
        for utterance, text in zip(utterances, texts, strict=True):
            result = jiwer.process_words(
                " ".join(utterance.text.lower().split()), " ".join(text.lower().split())
            )
            errors += result.substitutions + result.deletions + result.insertions
            words += result.hits + result.substitutions + result.deletions
    errors, words = processes.total(torch.tensor([errors, words], device=processes.device)).tolist()
    return 100 * errors / words if words else float("nan")


def _greedy(
    model: MatryoshkaModel, utterances: Sequence[Utterance], scale: Scale, longest: int
) -> list[str]:
    """Transcripts without a beam.

    Not :func:`mavsr.evaluation.transcribe.transcribe`: a change of how test sets are decoded must
    not call for training anew.
    """
    model.adapter.activate(scale)
    inputs, mask = pad_left(model.prefixes(utterances, scale))
    end = model.tokenizer.eos_token_id
    output = model.llm.generate(
        inputs_embeds=inputs,
        attention_mask=mask,
        generation_config=GenerationConfig(
            do_sample=False, max_new_tokens=longest, eos_token_id=end, pad_token_id=end
        ),
    )
    return model.tokenizer.batch_decode(
        output, skip_special_tokens=True, clean_up_tokenization_spaces=False
    )
