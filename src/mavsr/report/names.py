"""What methods are called in print, and in which order they stand."""

import re
from collections.abc import Iterable
from decimal import Decimal

import pandas as pd

from mavsr.model.named import IMPORTED, TUNED
from mavsr.model.scales import Scale
from mavsr.noise.condition import BABBLE, Condition, parts

METHOD_NAMES = {
    "avgpool-at-inference": "Avg Pooling at inference",
    "llama-avsr": "Llama-AVSR",
    "mtsk-ms": "Llama-MTSK MS",
    "mtsk-ss": "Llama-MTSK SS",
    "mtsk-mss": "Llama-MTSK MSS",
    "mome-mhsa-i": "MoME-MHSA-I",
    "mome-mhsa": "MoME-MHSA",
    "mome-ffn": "MoME-FFN",
    "mome-layer": "MoME-LAYER",
    "llama-mt": "Llama-MT",
    "omni-s": "Omni-AVSR-S",
    "omni-t": "Omni-AVSR-T",
    "omni-st": "Omni-AVSR-ST",
    "omni-mome": "Omni-MoME-MHSA",
}
"""Method -> its name in the papers, in the order of their rows."""
EXPERTS = re.compile(
    r"r(?P<routed>\d+)k(?P<top_k>\d+)s(?P<shared>\d+)b(?P<bottleneck>\d+)(?P<rest>.*)"
)
"""A variant of MoME: routed experts, top-k, shared experts, bottleneck, and what else differs."""


_WEIGHT = re.compile(r"(a\d+_v\d+|[av]\d+)x([\d.]+)")
_WORDS = {
    "separate": "router per scale",
    "renorm": "gates renormalised",
    "lblayers": "balance summed over layers",
    "lbmean": "balance averaged over layers",
}
"""Part of a variant of MoME -> words."""
_SETTINGS = {short: key.replace("_", " ").replace("lora", "LoRA") for key, short in TUNED.items()}
_SETTINGS |= {name: name for name in ("window", "queries", "heads", "width")}  # of a resampler
_TUNED = re.compile(rf"({'|'.join(_SETTINGS)})([\d.]+|all|drawn|published)")
"""Part of a variant that says how a model was trained."""


def label(method: str, variant: str = "") -> str:
    """Name in print: ``MoME-23/4-MHSA`` for method ``mome-mhsa`` and variant ``r23k4s1b12``.

    An imported model has its own.
    """
    if variant.endswith(IMPORTED):
        return variant.removesuffix(IMPORTED)
    name = METHOD_NAMES.get(method, method)
    if not (found := EXPERTS.fullmatch(variant)):
        if _TUNED.match(variant):
            return ", ".join([name, *map(_difference, variant.split("-"))])
        return f"{name} {variant}".rstrip()
    name = name.replace("MoME-", f"MoME-{found['routed']}/{found['top_k']}-")
    return ", ".join([name, *map(_difference, filter(None, found["rest"].split("-")))])


def common_label(method: str, variants: Iterable[str]) -> str:
    """Name of a method in a legend: with its variant where there is one, without where several."""
    found = set(variants)
    return label(method, found.pop() if len(found) == 1 else "")


def _difference(part: str) -> str:
    """In words, what a variant of MoME has beside other sizes (``MomeSettings.code``)."""
    if part.startswith("c_"):
        weights = [
            f"c{scale_label(parsed.audio, parsed.video)} = {weight}"
            for scale, weight in _WEIGHT.findall(part)
            if (parsed := Scale.parse(scale))
        ]
        return ", ".join(weights)
    if tuned := _TUNED.fullmatch(part):
        return f"{_SETTINGS[tuned[1]]} {tuned[2]}"
    if part.startswith("lb") and part not in _WORDS:
        return f"balance {part.removeprefix('lb')}"
    return _WORDS.get(part, part)


def variant_rank(variant: str) -> tuple[int, int, int, int, str]:
    """Place of a variant among its method's rows: by the sizes of its experts."""
    if not (found := EXPERTS.fullmatch(variant)):
        return (0, 0, 0, 0, variant)
    routed, top_k, shared, bottleneck = map(int, found.groups()[:4])
    return routed, top_k, shared, bottleneck, found["rest"]


def rank(method: str) -> int:
    """Place of a method among the rows; unknown ones come last."""
    names = list(METHOD_NAMES)
    return names.index(method) if method in names else len(names)


_ALTERED = {
    "drop": "{:g} % of frames dropped",
    "patch": "patch of {:g} %",
    "blur": "blur of {:g} px",
    "late": "video {:g} ms late",
}
"""Kind of a condition of video -> what a table calls it."""


def condition_label(name: str) -> str:
    """``clean``, ``-5 dB`` for babble, ``music, 5 dB``, ``-5 dB, 50 % of frames dropped``."""
    return ", ".join(map(_said, parts(name)))


def _said(part: Condition) -> str:
    if part.kind == "snr":
        return (
            f"{part.number:g} dB" if part.noise == BABBLE else f"{part.noise}, {part.number:g} dB"
        )
    if part.kind == "late" and part.number < 0:
        return f"video {-part.number:g} ms ahead"
    return _ALTERED.get(part.kind, part.kind.replace("_", " ")).format(part.number)


def condition_rank(name: str) -> tuple[tuple[bool, str, str, float], ...]:
    """Place of a condition among columns: babble, other noises, video; by strength; clean last."""
    return tuple(
        (part.kind == "clean", "" if part.kind == "snr" else part.kind, _other(part), part.number)
        for part in parts(name)
    )


def _other(part: Condition) -> str:
    return "" if part.noise == BABBLE else part.noise


def in_babble(name: str) -> bool:
    """Whether a condition is clean, or babble and nothing else."""
    found = parts(name)
    return len(found) == 1 and found[0].kind in ("clean", "snr") and found[0].noise == BABBLE


def flops_unit(tflops: float) -> tuple[float, str]:
    """Factor and name of the unit in which an amount given in TFLOPs is a plain number."""
    for factor, unit, least in ((1.0, "TFLOPs", 0.1), (1e3, "GFLOPs", 1.0)):
        if tflops * factor >= least:
            return factor, unit
    return 1e6, "MFLOPs"


def plain(number: float) -> str:
    """``12,400``, ``0.0123``: three digits of a number, and never an exponent."""
    return format(Decimal(f"{number:.3g}"), ",f")


def flops(tflops: float) -> str:
    """``12.4 GFLOPs``: an amount given in TFLOPs, in the unit that fits it."""
    factor, unit = flops_unit(tflops)
    return f"{plain(tflops * factor)} {unit}"


def scale_labels(rows: pd.DataFrame) -> list[str]:
    """:func:`scale_label` of each row's ``audio_rate`` and ``video_rate``."""
    return [scale_label(a, v) for a, v in zip(rows.audio_rate, rows.video_rate, strict=True)]


def scale_label(audio: float | None, video: float | None) -> str:
    """``(4,2)`` for audio and video, ``4`` where there is one of them; None, NaN or NA is none."""
    rates = [f"{rate:.0f}" for rate in (audio, video) if not pd.isna(rate)]
    return f"({','.join(rates)})" if len(rates) == 2 else rates[0]


def rates_in_words(scale: Scale) -> str:
    """``rates (4,2)`` or ``audio rate 4``, where scales of all tasks may stand side by side."""
    label = scale_label(scale.audio, scale.video)
    return f"rates {label}" if len(scale.rates) == 2 else f"{next(iter(scale.rates))} rate {label}"
