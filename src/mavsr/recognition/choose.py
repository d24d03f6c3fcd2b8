"""Which scale to use: one by name, all, the finest within a budget, the finest in real time."""

import logging
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mavsr.errors import InputError
from mavsr.model.compression import compressed_length
from mavsr.model.cost import prefix_tokens, teraflops
from mavsr.model.scales import Scale
from mavsr.recognition.segment import Segment, total
from mavsr.report.names import flops
from mavsr.tokens import TOKENS_PER_SECOND

_SECONDS = 10
"""A budget is for a clip of 10 s, as costs are in the paper (Llama-MTSK, Table 4)."""

_UNITS = {"mflops": 1e-6, "gflops": 1e-3, "tflops": 1.0}
_HEADROOM = 0.8
"""Share of real time that a scale may take, so that a busier moment does not put it behind."""


def ten_second_tflops(scale: Scale, weights: int, prompt_tokens: int) -> float:
    """TFLOPs of the LLM for 10 s of speech at a scale.

    Args:
        scale: the rates.
        weights: that each token meets (:mod:`mavsr.model.cost`).
        prompt_tokens: length of the tokenised prompt.

    """
    clip = {m: TOKENS_PER_SECOND[m] * _SECONDS for m in scale.rates}
    return teraflops(weights, prefix_tokens(clip, scale, prompt_tokens))


def read_budget(text: str) -> float:
    """TFLOPs that a budget such as ``0.5tflops`` or ``20gflops`` names.

    Raises:
        InputError: it names none.

    """
    match = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*([mgt]flops)", text.strip().lower())
    if not match:
        raise InputError(f"budget {text!r}: write it like 0.5tflops, 20gflops or 300mflops")
    return float(match[1]) * _UNITS[match[2]]


def within(budget: str, costs: Mapping[Scale, float]) -> Scale:
    """The dearest scale whose 10 s cost no more than the budget.

    Args:
        budget: see :func:`read_budget`.
        costs: scale -> TFLOPs of 10 s of speech.

    Raises:
        InputError: all cost more.

    """
    most = read_budget(budget)
    fitting = [scale for scale, cost in costs.items() if cost <= most]
    if not fitting:
        cheapest = min(costs, key=lambda scale: costs[scale])
        raise InputError(
            f"budget {budget}: 10 s of speech cost this model's LLM at least "
            f"{flops(costs[cheapest])} (scale {cheapest.name}); allow more"
        )
    return max(fitting, key=lambda scale: costs[scale])


def finest_first(scales: Sequence[Scale]) -> list[Scale]:
    """Scales from the one with most tokens to the one with fewest."""
    second = {m: 100 * rate for m, rate in TOKENS_PER_SECOND.items()}
    return sorted(
        scales,
        key=lambda s: -sum(compressed_length(second[m], rate) for m, rate in s.rates.items()),
    )


@dataclass(frozen=True)
class RealTime:
    """Chooses, by the first window of a recording, the finest scale that keeps up with it.

    Attributes:
        scales: to choose from.

    """

    scales: Sequence[Scale]

    def __call__(self, segments: Sequence[Segment], shared_s: float) -> list[Scale]:
        """Choose; see :data:`mavsr.recognition.stream.Settle`."""
        # What a scale has nothing to read of costs no time, and has no text either.
        read = [s for s in self.scales if any(one.readings[s.name].scale for one in segments)]
        length = max(segments[-1].end - segments[0].start, 1e-9)
        spent = {
            scale: (shared_s + total(segments, scale.name)["seconds"]) / length
            for scale in read or self.scales
        }
        fitting = [scale for scale in finest_first([*spent]) if spent[scale] <= _HEADROOM]
        chosen = fitting[0] if fitting else min(spent, key=lambda scale: spent[scale])
        if not fitting:
            logging.warning(
                "no scale keeps up with real time here: %s, the fastest, takes %.1f times as long",
                chosen.name,
                spent[chosen],
            )
        else:
            share = math.ceil(100 * spent[chosen])
            logging.info("%s takes %d %% of real time here and is used", chosen.name, share)
        return [chosen]
