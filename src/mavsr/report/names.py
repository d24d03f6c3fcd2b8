"""What methods are called in print, and in which order they stand."""

import re

import pandas as pd

METHOD_NAMES = {
    "avgpool-at-inference": "Avg Pooling at inference",
    "llama-avsr": "Llama-AVSR",
    "mtsk-ms": "Llama-MTSK MS",
    "mtsk-ss": "Llama-MTSK SS",
    "mtsk-mss": "Llama-MTSK MSS",
    "mome-mhsa": "MoME-MHSA",
    "mome-ffn": "MoME-FFN",
    "mome-layer": "MoME-LAYER",
}
"""Method -> its name in the papers, in the order of their rows."""
EXPERTS = re.compile(
    r"r(?P<routed>\d+)k(?P<top_k>\d+)s(?P<shared>\d+)b(?P<bottleneck>\d+)(?P<rest>.*)"
)
"""A variant of MoME: routed experts, top-k, shared experts, bottleneck, and what else differs."""


def label(method: str, variant: str = "") -> str:
    """Name in print: ``MoME-23/4-MHSA`` for method ``mome-mhsa`` and variant ``r23k4s1b12``."""
    name = METHOD_NAMES.get(method, method)
    if not (found := EXPERTS.fullmatch(variant)):
        return f"{name} {variant}".rstrip()
    rest = found["rest"].strip("-_.+")
    name = name.replace("MoME-", f"MoME-{found['routed']}/{found['top_k']}-")
    return f"{name} {rest}".rstrip()


def rank(method: str) -> int:
    """Place of a method among the rows; unknown ones come last."""
    names = list(METHOD_NAMES)
    return names.index(method) if method in names else len(names)


def scale_label(audio: float, video: float) -> str:
    """``(4,2)`` for audio and video, ``4`` where there is one of them; NaN or NA is none."""
    rates = [str(int(rate)) for rate in (audio, video) if not pd.isna(rate)]
    return f"({','.join(rates)})" if len(rates) == 2 else rates[0]
