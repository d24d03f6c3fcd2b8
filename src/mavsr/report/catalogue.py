"""All tables and figures: the experiment that each is made of, what builds it, what it shows.

Builders are named here and loaded by the commands, so that the workflow plans without any of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mavsr.errors import InputError

Traced = Literal["routing", "similarity", "adaptive", "confidence", "differences", "scales"]


@dataclass(frozen=True)
class Shown:
    """A table or a figure."""

    experiment: str | None
    """Of the config; None is arithmetic alone."""
    builder: str
    """``module.function`` below :mod:`mavsr.report.tables` or :mod:`mavsr.report.figures`."""
    caption: str = ""
    """What a figure shows, for the report."""
    trace: Traced | None = None
    """What it shows beside scores: a model's experts, its projected tokens, what adaptive rates
    give, how far confidence can be trusted, how far systems differ from the baseline, or scales
    that are chosen on validation."""


ALL_TABLES = {
    "table1": Shown("table1", "rates.table1"),
    "table2": Shown("table2", "literature.table2"),
    "table3": Shown("table3", "rates.table3"),
    "table4": Shown(None, "cost.table4"),
    "table5": Shown("table5", "rates.table5"),
    "mome/main": Shown("mome_main", "mome.main"),
    "mome/noise": Shown("mome_noise", "mome.noise"),
    "mome/ablation": Shown("mome_ablation", "mome.ablation"),
    "mome/routers": Shown("mome_routers", "mome.routers"),
    "mome/large": Shown("mome_large", "mome.large"),
    "omni/main": Shown("omni_main", "omni.main"),
    "compressions": Shown("compressions", "rates.compressions"),
    "noise_check": Shown("noise_check", "noise_check.noise_check"),
    "elastic": Shown("tradeoff", "elastic.elastic", trace="scales"),
    "adaptive": Shown("tradeoff", "adaptive.adaptive", trace="adaptive"),
    "pretrained": Shown("pretrained", "rates.pretrained"),
}
"""Table, as below ``results/`` -> what it is."""
ALL_FIGURES = {
    "figure3": Shown(
        "figure3",
        "bars.figure3",
        "WER of speech recognition against the audio compression rate. Values in print, "
        "if shown, are those of Table 3, whose model was trained at rates 2 to 10.",
    ),
    "figure4": Shown(
        "figure4",
        "bars.figure4",
        "WER of lip reading against the video compression rate.",
    ),
    "figure5": Shown(
        "figure5",
        "bars.figure5",
        "WER of speech recognition by stacking, at lower rates.",
    ),
    "figure6": Shown(
        "figure6",
        "bars.figure6",
        "WER of audio-visual recognition by stacking, at pairs of rates.",
    ),
    "mome/asr": Shown(
        "mome_asr",
        "curves.mome_asr",
        "WER of speech recognition against the audio compression rate; points of one rate are "
        "drawn side by side. Values in print, if shown, are read off MoME's Figure 3, which names "
        "neither encoder nor LLM.",
    ),
    "mome/vsr": Shown(
        "mome_vsr",
        "curves.mome_vsr",
        "WER of lip reading against the video compression rate; points of one rate are "
        "drawn side by side. Values in print, if shown, are read off MoME's Figure 3, which names "
        "neither encoder nor LLM.",
    ),
    "mome/noise": Shown(
        "mome_noise",
        "curves.mome_noise",
        "WER of audio-visual recognition against the ratio of speech to babble.",
    ),
    "mome/parameters": Shown(
        "mome_parameters",
        "clouds.parameters",
        "WER against the adapter parameters at work, at the lowest rates.",
    ),
    "mome/experts": Shown(
        "mome_experts",
        "experts.experts",
        "Share of choices that fell on each routed expert, per decoder layer, kind of "
        "token and scale, when the test split is read with its transcripts.",
        trace="routing",
    ),
    "mome/expert_bars": Shown(
        "mome_experts",
        "expert_bars.expert_bars",
        "Share of choices that fell on each routed expert, per decoder layer and scale, all "
        "tokens of the test split together; an expert has one colour and hatching in all layers, "
        "and the most used of a layer lies at the bottom.",
        trace="routing",
    ),
    "mome/expert_bars_ffn": Shown(
        "mome_experts_ffn",
        "expert_bars.expert_bars",
        "The same for experts beside the feed-forward block.",
        trace="routing",
    ),
    "mome/similarity": Shown(
        "mome_experts",
        "similarity.similarity",
        "Cosine similarity between the projected tokens of one test clip at two rates, of one "
        "modality or both, before the LLM.",
        trace="similarity",
    ),
    "figures/noise": Shown(
        "noise",
        "curves.noise",
        "WER of one method by ear, by eye and by both, against the ratio of speech to "
        "babble. Babble does not reach the eye: that line is its WER on clean clips.",
    ),
    "figures/robustness": Shown(
        "robustness",
        "robustness.robustness",
        "WER by ear, by eye and by both when audio or video fails, against how badly: noises, and "
        "faults of the video under the noise that the axis names. What a fault does not reach is "
        "drawn flat; none: the modality is absent.",
    ),
    "figures/tradeoff": Shown(
        "tradeoff",
        "clouds.tradeoff",
        "WER against the LLM's FLOPs per utterance, for all methods and scales; nothing beats the "
        "front on both. Dotted lines, if there are any, are adaptive rates: each utterance at the "
        "coarsest scale, and again at the finest what that is unsure of; stars are the thresholds "
        "that validation chose.",
        trace="adaptive",
    ),
    "figures/tokens": Shown(
        "tradeoff",
        "tokens.tokens",
        "WER against the LLM's tokens per utterance, a line per method; grey: values in print on "
        "the papers' corpora. Below, the difference from the baseline at the same scale, with 95 % "
        "intervals of the paired bootstrap over utterances.",
        trace="differences",
    ),
    "figures/confidence": Shown(
        "tradeoff",
        "confidence.confidence",
        "Left: share of transcripts that were right against their confidence, calibrated on "
        "validation, in ten bins of like size. Middle: the same of words, where these are counted. "
        "Right: WER of the utterances that are "
        "kept, the surest first. At each model's lowest rates; the legend has the area under the "
        "curve.",
        trace="confidence",
    ),
}
"""Figure, as below ``results/`` -> what it is."""
ABOUT_CONFIDENCE = ("elastic", "adaptive", "figures/confidence")
"""Tables and figures that there are only where an experiment has models of several scales."""
TABLES = {name: shown.experiment for name, shown in ALL_TABLES.items()}
FIGURES = {name: shown.experiment for name, shown in ALL_FIGURES.items()}
CHOOSING = [name for name, shown in ALL_TABLES.items() if shown.trace == "scales"]
"""Tables in which scales are chosen on validation, by what they cost."""
TRACES = {
    name: shown.trace
    for name, shown in ALL_FIGURES.items()
    if shown.trace in ("routing", "similarity")
}
"""Figure that looks into a model -> at what."""
_FOLDERS = {"mome": "MoME", "omni": "Omni-AVSR"}
PAPERS = {
    name: _FOLDERS.get(name.partition("/")[0], "Llama-MTSK")
    for name in TABLES | FIGURES
    if name.partition("/")[0] in _FOLDERS or name[-1].isdigit()
}
"""Table or figure that stands in one of the papers -> that paper."""


def experiment_of(name: str, experiments: Mapping[str, object]) -> str | None:
    """The experiment behind a table or figure; None if it needs no scores.

    Raises:
        InputError: the config lacks it.
    """
    experiment = {**TABLES, **FIGURES}[name]
    if experiment is not None and experiment not in experiments:
        raise InputError(
            f"{name} shows experiments.{experiment}, which the config lacks; config.yaml has one "
            f"to start from (the config has {', '.join(experiments)})"
        )
    return experiment
