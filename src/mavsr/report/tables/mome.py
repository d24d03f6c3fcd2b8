"""The tables of MoME: methods beside each other, under noise, and with parts changed."""

import re

from mavsr.report.layout import Table
from mavsr.report.names import EXPERTS, label
from mavsr.report.sources import Sources
from mavsr.report.tables.rates import arrange


def main(sources: Sources) -> Table:
    """WER at every scale beside the adapter parameters at work."""
    return arrange(
        sources.select("mome/main", task="avsr", condition="clean"),
        "Audio-visual recognition: columns are (audio, video) rates; active parameters are those "
        "of the adapters at work at one scale.",
        sources.published("mome_table1"),
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
    published = sources.published("mome_table3")
    return arrange(
        scores.assign(**columns).astype(dict.fromkeys(columns, "Int64")),
        "MoME with other experts; columns are (audio, video) rates.",
        published.assign(
            method=[label("mome-mhsa", variant) for variant in map(_variant, published.method)],
            variant=published.method.map(_variant),
        ),
        beside=[*columns, "active_parameters"],
    )


def _variant(published: str) -> str:
    """``r4k2s0b24`` for ``MoME routed=4 shared=0 bottleneck=24 top_k=2``."""
    found = dict(re.findall(r"(\w+)=(\w+)", published))
    top_k = found["routed"] if found["top_k"] == "all" else found["top_k"]
    return f"r{found['routed']}k{top_k}s{found['shared']}b{found['bottleneck']}"
