"""What it takes to decode a split at one scale: tokens and FLOPs, counted, and memory, measured.

Unlike the count of Llama-MTSK's Table 4 (:mod:`mavsr.model.cost`), which is of the LLM's prefix
alone, this is of all that decoding does: projectors and compressors, the prefix with BOS and
markers, and every token that a beam reads. The output head counts where logits are computed. Two
FLOPs per weight and token; attention scores are left out, and of MoME's experts those at work are
counted. What the frozen encoders take is added where their sizes are known
(:mod:`mavsr.report.costs`).
"""

import resource
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PretrainedConfig

from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.compression import compressed_length
from mavsr.model.compressors.base import Compressor
from mavsr.model.cost import head_parameters, matrix_parameters, prefix_tokens
from mavsr.model.scales import Scale


@dataclass
class Searched:
    """Tokens that the LLM has read behind its prefixes, over all beams."""

    tokens: int = 0


@contextmanager
def counting(network: MatryoshkaModel) -> Iterator[Searched]:
    """Count the tokens of beams in the block.

    A beam's tokens do not depend on the batch: an utterance leaves it when its search has ended.
    """
    found = Searched()

    def look(_: object, __: object, options: Mapping[str, Any]) -> None:
        if options["past_key_values"].get_seq_length():
            found.tokens += options["inputs_embeds"].shape[:2].numel()

    hook = network.llm.get_decoder().register_forward_pre_hook(look, with_kwargs=True)
    try:
        yield found
    finally:
        hook.remove()


def describe_work(
    network: MatryoshkaModel,
    shape: PretrainedConfig,
    scale: Scale,
    lengths: Sequence[Mapping[str, int]],
    written: Sequence[int],
    searched: int,
) -> dict[str, Any]:
    """Tokens and TFLOPs, means per utterance.

    Args:
        network: the model, its adapter as it is used at ``scale``.
        shape: of its LLM.
        scale: at which it was decoded.
        lengths: of each utterance, modality -> encoder tokens; what is absent is left out.
        written: tokens of each utterance's transcript, its end among them.
        searched: of :class:`Searched`, over all utterances.

    Returns:
        ``encoder_tokens`` and ``encoder_tokens_squared`` (modality -> mean, for what is linear and
        quadratic in a clip's length), ``read_tokens`` (before the transcript), ``written_tokens``,
        ``beam_tokens``, ``projector_tflops``, ``prefix_tflops``, ``generated_tflops`` (as if there
        were one beam, the best) and ``beam_tflops`` (of all beams).
    """
    head = head_parameters(shape)
    body = matrix_parameters(shape) - head + network.adapter.active_parameters(scale)
    count = len(lengths)
    heard = {m: [n[m] for n in lengths] for m in scale.rates if m in lengths[0]}
    around = network.opening_length + 2 * len(heard)
    prompt = len(network.prompt_ids(scale))
    read = sum(prefix_tokens(dict(n), scale, prompt) + around for n in lengths) / count
    mean_written, beams = sum(written) / count, searched / count
    connecting = sum(_connecting(network, scale, n) for n in lengths) / count
    tokens = {
        "encoder_tokens": {m: sum(own) / count for m, own in heard.items()},
        "encoder_tokens_squared": {m: sum(n * n for n in own) / count for m, own in heard.items()},
    }
    flops = {
        "projector": connecting,
        # Of the prefix one place alone predicts, and the last token of a transcript is not read.
        "prefix": body * read + head,
        "generated": (body + head) * (mean_written - 1),
        "beam": (body + head) * beams,
    }
    return {
        **tokens,
        "read_tokens": read,
        "written_tokens": mean_written,
        "beam_tokens": beams,
        **{f"{name}_tflops": 2 * value / 1e12 for name, value in flops.items()},
    }


def peak_gb(device: str) -> float:
    """Most memory so far, GB: that of tensors on a GPU, else the process' resident set."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def _connecting(network: MatryoshkaModel, scale: Scale, lengths: Mapping[str, int]) -> float:
    """Multiplications of compressors and projectors for one utterance."""
    total = 0
    for modality, rate in scale.rates.items():
        if modality not in lengths:
            continue
        projector = network.projectors[f"{modality}_{network.settings.projector_rate(rate)}"]
        weights = sum(p.numel() for p in projector.parameters() if p.dim() == 2)
        total += weights * compressed_length(lengths[modality], rate)
        compressor = network.compressors[modality]
        assert isinstance(compressor, Compressor)
        total += compressor.multiplications(lengths[modality], rate)
    return total
