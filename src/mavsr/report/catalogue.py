"""Names of all tables and figures, and the experiment that each is made of.

Kept apart from what draws them, so that the workflow can plan without loading any of it.
"""

from collections.abc import Mapping

from mavsr.errors import InputError

TABLES: dict[str, str | None] = {
    "table1": "table1",
    "table2": "table2",
    "table3": "table3",
    "table4": None,
    "table5": "table5",
    "mome/main": "mome_main",
    "mome/noise": "mome_noise",
    "mome/ablation": "mome_ablation",
    "mome/routers": "mome_routers",
    "mome/large": "mome_large",
    "noise_check": "noise_check",
    "elastic": "tradeoff",
}
"""Table, as below ``results/`` -> its experiment in the config; None is arithmetic alone."""
FIGURES: dict[str, str | None] = {
    "figure3": "figure3",
    "figure4": "figure4",
    "figure5": "figure5",
    "figure6": "figure6",
    "mome/asr": "mome_asr",
    "mome/vsr": "mome_vsr",
    "mome/noise": "mome_noise",
    "mome/parameters": "mome_parameters",
    "mome/experts": "mome_experts",
    "mome/expert_bars": "mome_experts",
    "mome/expert_bars_ffn": "mome_experts_ffn",
    "mome/similarity": "mome_experts",
    "figures/noise": "noise",
    "figures/tradeoff": "tradeoff",
}
"""Figure, as below ``results/`` -> its experiment in the config."""
TRACES = {
    "mome/experts": "routing",
    "mome/expert_bars": "routing",
    "mome/expert_bars_ffn": "routing",
    "mome/similarity": "similarity",
}
"""Figures that show what a model does inside -> which of its tables, beside its scores."""
CAPTIONS = {
    "figure3": "WER of speech recognition against the audio compression rate. Values in print, if "
    "shown, are those of Table 3, whose model was trained at rates 2 to 10.",
    "figure4": "WER of lip reading against the video compression rate.",
    "figure5": "WER of speech recognition by stacking, at lower rates.",
    "figure6": "WER of audio-visual recognition by stacking, at pairs of rates.",
    "mome/asr": "WER of speech recognition against the audio compression rate; points of one rate "
    "are drawn side by side. Values in print, if shown, are read off MoME's Figure 3, which names "
    "neither encoder nor LLM.",
    "mome/vsr": "WER of lip reading against the video compression rate; points of one rate are "
    "drawn side by side. Values in print, if shown, are read off MoME's Figure 3.",
    "mome/noise": "WER of audio-visual recognition against the ratio of speech to babble.",
    "mome/parameters": "WER against the adapter parameters at work, at the lowest rates.",
    "mome/experts": "Share of choices that fell on each routed expert, per decoder layer, kind of "
    "token and scale, when the test split is read with its transcripts.",
    "mome/expert_bars": "Share of choices that fell on each routed expert, per decoder layer and "
    "scale, all tokens of the test split together; an expert has one colour and hatching in all "
    "layers, and the most used of a layer lies at the bottom.",
    "mome/expert_bars_ffn": "The same for experts beside the feed-forward block.",
    "mome/similarity": "Cosine similarity between the projected tokens of one test clip at two "
    "rates, of one modality or both, before the LLM.",
    "figures/noise": "WER of one method by ear, by eye and by both, against the ratio of speech to "
    "babble. Babble does not reach the eye: that line is its WER on clean clips.",
    "figures/tradeoff": "WER against the LLM's TFLOPs per utterance, for all methods and scales; "
    "methods of equal cost are drawn 1.2 % apart. Nothing beats the front on both.",
}
"""What each figure shows, for the report."""
PAPERS = {
    name: "MoME" if name.startswith("mome/") else "Llama-MTSK"
    for name in TABLES | FIGURES
    if name.startswith("mome/") or name[-1].isdigit()
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
