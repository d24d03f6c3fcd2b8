"""The tables of MoME: methods beside each other, under noise, and with parts changed."""

from mavsr.report.layout import Table
from mavsr.report.names import EXPERTS
from mavsr.report.sources import Sources
from mavsr.report.tables.rates import arrange


def main(sources: Sources) -> Table:
    """Table 1: WER at every scale beside the adapter parameters at work."""
    return _pairs(sources, "mome/main")


def large(sources: Sources) -> Table:
    """Table 6: the same with the largest encoder and LLM."""
    return _pairs(sources, "mome/large")


def _pairs(sources: Sources, name: str) -> Table:
    return arrange(
        sources.select(name, task="avsr", condition="clean"),
        "Audio-visual recognition: columns are (audio, video) rates; active parameters are those "
        "of the adapters at work at one scale.",
        sources.published(),
        beside=["active_parameters"],
    )


def noise(sources: Sources) -> Table:
    """Table 2: WER against the signal-to-noise ratio."""
    return arrange(
        sources.select("mome/noise", task="avsr"),
        "Audio-visual recognition in babble: columns are signal-to-noise ratios.",
        sources.published(),
        across="condition",
    )


def ablation(sources: Sources) -> Table:
    """Tables 3 and 4: number of experts, of those that a token takes, and their width."""
    return _variants(sources, "mome/ablation", "MoME with other experts")


def routers(sources: Sources) -> Table:
    """Table 7: a router per scale, and weights of the scales in the loss."""
    return _variants(sources, "mome/routers", "MoME with other routers and weights of the scales")


def _variants(sources: Sources, name: str, what: str) -> Table:
    scores = sources.select(name, task="avsr", condition="clean")
    parts = [EXPERTS.fullmatch(variant) for variant in scores.variant]
    columns = {
        "routed": [int(p["routed"]) if p else None for p in parts],
        "top-k": [int(p["top_k"]) if p else None for p in parts],
        "shared": [int(p["shared"]) if p else None for p in parts],
        "bottleneck": [int(p["bottleneck"]) if p else None for p in parts],
    }
    return arrange(
        scores.assign(**columns).astype(dict.fromkeys(columns, "Int64")),
        f"{what}; columns are (audio, video) rates.",
        sources.published(),
        beside=[*columns, "active_parameters"],
    )
