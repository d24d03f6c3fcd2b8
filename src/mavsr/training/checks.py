"""What is looked at before the first step, so that hours of training do not end in a surprise."""

import logging
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

from mavsr.errors import InputError
from mavsr.model.avsr import MatryoshkaModel
from mavsr.training.objective import objective_at
from mavsr.training.trainer import Trainer


def check_lengths(trainer: Trainer, lengths: Mapping[str, Mapping[str, int]]) -> None:
    """Make sure that every clip gives tokens at every scale.

    Args:
        trainer: the trainer.
        lengths: key -> modality -> encoder tokens.

    Raises:
        InputError: a clip has no token at all.
    """
    for modality in lengths[next(iter(lengths))]:
        counts = {key: tokens[modality] for key, tokens in lengths.items()}
        empty = [key for key, count in counts.items() if not count]
        if empty:
            raise InputError(
                f"clip {min(empty)} has no {modality} token, so no scale can use it "
                f"({len(empty)} such clips); raise mouths.min_frames, and rerun the features rules"
            )
        for rate in trainer.model.settings.rates(modality):
            short = [key for key, count in counts.items() if count < rate]
            if short:
                logging.warning(
                    "%d of %d clips, such as %s, have fewer than %d %s tokens: at that rate they "
                    "have a single token, of what there is",
                    len(short),
                    len(counts),
                    min(short),
                    rate,
                    modality,
                )


def check_logits(model: MatryoshkaModel) -> None:
    """Make sure that the LLM's logits are what its output head gives, and nothing after it.

    Losses and decoding apply the head to the positions they need, so a factor or a cap behind it
    would be left out.

    Raises:
        InputError: the LLM changes its logits, as Granite, Cohere and Gemma 2 do.
    """
    row = model.prompt(model.settings.scales[0])[None]
    with torch.no_grad():
        ours = model.llm.get_output_embeddings()(
            model.llm.get_decoder()(inputs_embeds=row, use_cache=False)[0]
        )
        theirs = model.llm(inputs_embeds=row, use_cache=False).logits
    # The same operations on the same numbers; the tolerance is that of bfloat16.
    if (ours - theirs).abs().max() > 0.01 * theirs.abs().max():
        raise InputError(
            f"the LLM {model.settings.llm!r} ({model.llm.config.model_type}) scales or caps the "
            "logits of its output head, which neither losses nor decoding here do; take an LLM "
            "without, such as Llama or Qwen"
        )


def check_step(trainer: Trainer, frames: Mapping[str, int]) -> None:
    """Compute the losses of a validation batch and the gradients of the largest training batch.

    Nothing is changed by it. The memory left is logged.

    Raises:
        InputError: memory does not suffice, or a validation loss is not finite.
    """
    clips = [trainer.validation[key] for key in list(trainer.validation)[:2]]
    largest = max(trainer.steps, key=lambda step: len(step[1]) * max(frames[k] for k in step[1]))
    view = trainer.views[largest[0] % len(trainer.views)]
    batch = [view[key] for key in trainer.processes.share(largest[1])]
    device = trainer.processes.device
    # Where steps draw their scales, one computes as many as the other.
    objective = objective_at(trainer.model.settings, trainer.settings, trainer.seed, 0)
    try:
        with memory_advice(trainer):
            if clips:
                with torch.no_grad():
                    losses = trainer.losses(clips, backward=False)
                for scale, loss in zip(trainer.model.settings.scales, losses.tolist(), strict=True):
                    if not math.isfinite(loss):
                        raise InputError(
                            f"before training, the validation loss is {loss} at scale {scale.name} "
                            f"(clips {', '.join(clip.key for clip in clips)}); check these features"
                        )
            trainer.losses(batch, True, objective)
    finally:
        trainer.optimizer.zero_grad(set_to_none=True)
    free, total = _memory(device)
    logging.info("memory after the largest batch: %.1f of %.1f GB free", free / 1e9, total / 1e9)


@contextmanager
def memory_advice(trainer: Trainer) -> Iterator[None]:
    """Raise InputError where a GPU's memory does not suffice, with what can be turned."""
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        packs = "" if trainer.model.adapter.whole_batch else "training.pack_tokens or "
        raise InputError(
            f"a batch does not fit into the memory of {trainer.processes.device}; set "
            f"training.gradient_checkpointing, or lower {packs}batch_frames ({error})"
        ) from error


def _memory(device: torch.device) -> tuple[float, float]:
    """Free and total bytes."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)
    page = os.sysconf("SC_PAGE_SIZE")
    return page * os.sysconf("SC_AVPHYS_PAGES"), page * os.sysconf("SC_PHYS_PAGES")
