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
    "figures/noise": "noise",
    "figures/tradeoff": "tradeoff",
}
"""Figure, as below ``results/`` -> its experiment in the config."""
ROUTED = ("mome/experts",)
"""Figures that show which experts are used."""
PAPERS = ("table", "figure", "mome/")
"""Beginnings of the names of what stands in one of the papers."""


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
