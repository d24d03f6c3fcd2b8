"""The tables of MoME: methods beside each other, under noise, and with parts changed."""

from mavsr.report.layout import Table
from mavsr.report.names import EXPERTS
from mavsr.report.sources import Sources
from mavsr.report.tables.rates import arrange


def main(sources: Sources) -> Table:
    """WER at every scale beside the adapter parameters at work."""
    return arrange(
        sources.select("mome/main", task="avsr", condition="clean"),
        "Audio-visual recognition: columns are (audio, video) rates; active parameters are those "
        "of the adapters at work at one scale.",
        sources.published("table1", "mome_table1"),
        beside=["active_parameters"],
    )


def noise(sources: Sources) -> Table:
    """WER against the signal-to-noise ratio."""
    return arrange(
        sources.select("mome/noise", task="avsr"),
        "Audio-visual recognition in babble: columns are signal-to-noise ratios.",
        across="condition",
    )


def ablation(sources: Sources) -> Table:
    """Variants of MoME: experts, bottleneck, router and weights of the scales."""
    scores = sources.select("mome/ablation", task="avsr", condition="clean")
    parts = [EXPERTS.fullmatch(variant) for variant in scores.variant]
    columns = {
        "routed": [int(p["routed"]) if p else None for p in parts],
        "top-k": [int(p["top_k"]) if p else None for p in parts],
        "shared": [int(p["shared"]) if p else None for p in parts],
        "bottleneck": [int(p["bottleneck"]) if p else None for p in parts],
    }
    return arrange(
        scores.assign(**columns).astype(dict.fromkeys(columns, "Int64")),
        "MoME with other experts; columns are (audio, video) rates.",
        sources.published("mome_table3"),
        beside=[*columns, "active_parameters"],
    )
