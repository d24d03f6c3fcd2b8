"""Table 4 of Llama-MTSK: what each scale costs an LLM. Nothing is trained for it."""

import pandas as pd

from mavsr.errors import InputError
from mavsr.model.cost import matrix_parameters, prefix_tokens, teraflops
from mavsr.model.scales import Scale
from mavsr.report.adapter_sizes import lora_parameters
from mavsr.report.layout import Table
from mavsr.report.llm_shapes import llm_shape
from mavsr.report.published import published_cost
from mavsr.report.sources import Sources
from mavsr.tokens import TOKENS_PER_SECOND

PUBLISHED_FOR = ("llama-3.1-8b", 64)
"""Shape and LoRA rank of the paper's Table 4."""
PAPER_SECONDS = 10
PAPER_PROMPT_TOKENS = 7


def paper_tokens(scale: Scale) -> int:
    """Tokens of the paper's 10 s clip at ``scale``: 500/a of audio, 250/v of video, 7 of prompt."""
    clip = {modality: rate * PAPER_SECONDS for modality, rate in TOKENS_PER_SECOND.items()}
    return prefix_tokens(clip, scale, PAPER_PROMPT_TOKENS)


def table4(sources: Sources) -> Table:
    """Tokens and TFLOPs of a 10 s clip: without compression, then at every pair of ``rates``.

    Raises:
        InputError: the config has no rates, or a shape is unknown.
    """
    rates, llms = sources.settings.rates, sources.settings.table4
    if not llms or not all(rates.get(modality) for modality in ("audio", "video")):
        raise InputError(
            "table4 needs rates.audio, rates.video and an LLM under table4 in the config"
        )
    pairs = [(1, 1), *((a, v) for a in rates["audio"] for v in rates["video"])]
    rows = []
    for name, llm in llms.items():
        shape = llm_shape(llm["shape"])
        weights = matrix_parameters(shape) + lora_parameters(shape, llm["lora_rank"])
        for audio, video in dict.fromkeys(pairs):
            tokens = paper_tokens(Scale(audio, video))
            rows.append(
                {
                    "llm": name,
                    "audio_rate": audio,
                    "video_rate": video,
                    "tokens": tokens,
                    "tflops": round(teraflops(weights, tokens), 2),
                }
            )
    frame = pd.DataFrame(rows)
    shown = frame.assign(tflops=frame.tflops.map("{:.2f}".format))
    same = [name for name, llm in llms.items() if (llm["shape"], llm["lora_rank"]) == PUBLISHED_FOR]
    if same:
        keys = ["audio_rate", "video_rate"]
        known = published_cost().rename(
            columns={"tokens": "tokens published", "tflops": "tflops published"}
        )
        known = pd.concat([known.assign(llm=name) for name in same])
        frame = frame.merge(known, on=["llm", *keys], how="left")
        frame = frame.astype({"tokens published": "Int64"})
        for column, form in (("tokens published", "{:.0f}"), ("tflops published", "{:.2f}")):
            shown[column] = frame[column].map(lambda x, f=form: "–" if pd.isna(x) else f.format(x))
    return Table(
        frame,
        shown.astype(str).rename(
            columns=lambda name: name.replace("tflops", "TFLOPs").replace("_", " ")
        ),
        f"Tokens and TFLOPs of the LLM for a clip of {PAPER_SECONDS} s: 50 audio and 25 video "
        "tokens a second, divided by their rates, and 7 of the prompt; 2 FLOPs per token and "
        "weight, one LoRA included.",
    )
