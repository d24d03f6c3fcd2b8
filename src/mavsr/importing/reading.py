"""What a checkpoint is: by its shapes where they tell, its command line, or the user's word."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mavsr.errors import InputError
from mavsr.importing.parts import Parts

_OPTIONS = {
    "audio_rates": "downsample_ratio_audio",
    "video_rates": "downsample_ratio_video",
    "alpha": "alpha",
    "rank": "rank",
}
"""Option here -> its name on the command line of the authors' training."""


@dataclass(frozen=True)
class Given:
    """What a user says of a checkpoint; None where nothing is said."""

    audio_rates: Sequence[int] | None = None
    video_rates: Sequence[int] | None = None
    alpha: float | None = None
    rank: int | None = None
    compression: str | None = None


@dataclass(frozen=True)
class Reading:
    """What a checkpoint is, beyond its tensors."""

    kind: str
    """Name of the model in print."""
    rates: dict[str, tuple[int, ...]]
    """Modality -> rates, in the order of the projectors; empty where there is none."""
    compression: str
    dims: dict[str, int]
    """Modality -> width d of its encoder's tokens."""
    lora_scale: float
    """s = alpha / ``--rank``; the authors' ``--rank`` is what the LLM's width is divided by."""
    projector_hidden: int
    layer_norm: bool | str


def read_meaning(parts: Parts, given: Given) -> Reading:
    """Work out what a checkpoint is.

    Raises:
        InputError: something that no shape tells is not given, or contradicts the file.
    """
    said = _said(parts, given)
    widths = {
        modality: [places[n]["0.weight"].shape[1] for n in sorted(places, key=lambda n: n or 0)]
        for modality, places in parts.projectors.items()
    }
    dims = {m: _encoder_width(parts, m) for m in parts.projectors}
    rates = {m: _rates(parts, m, said[f"{m}_rates"], widths[m], dims[m]) for m in widths}
    compression = _compression(parts, said["compression"], rates, widths, dims)
    for modality, own in rates.items():
        _check_widths(parts, modality, own, widths[modality], dims[modality], compression)
    firsts = [next(iter(places.values())) for places in parts.projectors.values()]
    hidden = {found["0.weight"].shape[0] for found in firsts}
    if len(hidden) != 1:
        raise InputError(
            f"{parts.path}: inside, audio and video projectors are {sorted(hidden)} wide; no model "
            "here has two such widths"
        )
    normed = [
        m for m, places in parts.projectors.items() if "3.weight" in places[next(iter(places))]
    ]
    return Reading(
        kind=_kind(parts, rates),
        rates={m: rates.get(m, ()) for m in ("audio", "video")},
        compression=compression,
        dims={
            m: dims[m] or widths[m][0] // (rates[m][0] if compression == "stack" else 1)
            for m in widths
        },
        lora_scale=_scale(parts, said["alpha"], said["rank"]),
        projector_hidden=hidden.pop(),
        layer_norm=len(normed) == len(widths) or (normed[0] if normed else False),
    )


def _kind(parts: Parts, rates: dict[str, tuple[int, ...]]) -> str:
    single = all(None in places for places in parts.projectors.values())
    if not parts.prompts:
        return "Llama-AVSR" if single else "Llama-MTSK"
    if "shared" not in parts.loras:
        return "Omni-AVSR T"
    if len(parts.loras) > 1:
        return "Omni-AVSR ST"
    return "Llama-MT" if single and all(len(own) == 1 for own in rates.values()) else "Omni-AVSR S"


def _said(parts: Parts, given: Given) -> dict[str, Any]:
    """What the user or the file's command line says of each option; they must not contradict."""
    said: dict[str, Any] = {}
    for name, option in _OPTIONS.items():
        own, modality = getattr(given, name), name.removesuffix("_rates")
        absent = modality != name and modality not in parts.projectors
        if absent and own:
            raise InputError(
                f"--{name} is given, but {parts.path} has no {modality} projector; leave it out"
            )
        own = tuple(own) if modality != name and own is not None else own
        filed = None if absent else _filed(parts, name)
        if own is not None and filed is not None and own != filed:
            raise InputError(
                f"--{name} is {own}, but {parts.path} was trained with "
                f"--{option.replace('_', '-')} {filed}; leave out --{name}"
            )
        said[name] = filed if own is None else own
    mode = parts.hyper.get("compression_mode")
    filed = None if mode is None else "stack" if mode == "stack" else "avgpool"
    if given.compression and filed and given.compression != filed:
        raise InputError(
            f"--compression is {given.compression}, but {parts.path} was trained with {filed}"
        )
    if given.compression not in (None, "avgpool", "stack"):
        raise InputError(f"--compression is {given.compression!r}; choose avgpool or stack")
    said["compression"] = given.compression or filed
    return said


def _filed(parts: Parts, name: str) -> Any:
    """What the file's command line says of an option; None if nothing.

    Raises:
        InputError: it is none of the numbers that training takes.
    """
    value: Any = parts.hyper.get(_OPTIONS[name])
    kind = float if name == "alpha" else int
    several = name.endswith("_rates")
    values = value if several and isinstance(value, list | tuple) else [value]
    if value is None:
        return None
    try:
        found = tuple(kind(each) for each in values)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"{parts.path} was trained with --{_OPTIONS[name].replace('_', '-')} {value!r}, which "
            f"is no number; give the model_avg_N.pth of that training, with --{name}"
        ) from error
    return found if several else found[0]


def _encoder_width(parts: Parts, modality: str) -> int | None:
    """Width of the encoder's tokens; None if the file does not hold the encoder."""
    name = {"audio": "layer_norm.bias", "video": "encoder.layer_norm.bias"}[modality]
    bias = parts.encoders.get(modality, {}).get(name)
    return None if bias is None else len(bias)


def _rates(
    parts: Parts,
    modality: str,
    said: tuple[int, ...] | None,
    widths: list[int],
    dim: int | None,
) -> tuple[int, ...]:
    places = parts.projectors[modality]
    if said is None and dim and all(w % dim == 0 and w > dim for w in widths):
        said = tuple(width // dim for width in widths)
    if said is None:
        raise InputError(
            f"{parts.path} has {len(places)} {modality} projectors and does not say of which "
            f"rates; give --{modality}_rates, as in --downsample-ratio-{modality} of its training, "
            "in that order"
        )
    single = None in places
    if (single and len(said) > 1 and not parts.prompts) or not (single or len(said) == len(places)):
        raise InputError(
            f"{parts.path} has {len(places)} {modality} projectors, but --{modality}_rates names "
            f"{len(said)} rates ({', '.join(map(str, said))}); give one rate for each"
        )
    if len(set(said)) != len(said) or min(said) < 1:
        raise InputError(f"--{modality}_rates is {list(said)}; give whole numbers, each once")
    return said


def _compression(
    parts: Parts,
    said: str | None,
    rates: dict[str, tuple[int, ...]],
    widths: dict[str, list[int]],
    dims: dict[str, int | None],
) -> str:
    if said:
        return said
    for modality, found in widths.items():
        if dim := dims[modality]:
            if rates[modality] != (1,):
                return "avgpool" if set(found) == {dim} else "stack"
        elif len(found) > 1:
            return "avgpool" if len(set(found)) == 1 else "stack"
    if all(own == (1,) for own in rates.values()):
        return "avgpool"
    raise InputError(
        f"{parts.path} holds no encoder, so its projectors do not show how tokens were compressed; "
        "give --compression avgpool or stack"
    )


def _check_widths(
    parts: Parts,
    modality: str,
    rates: tuple[int, ...],
    widths: list[int],
    dim: int | None,
    compression: str,
) -> None:
    """Raise InputError unless projectors take tokens of the encoder, compressed at these rates."""
    stacks = compression == "stack"
    if stacks and None in parts.projectors[modality] and len(rates) > 1:
        raise InputError(
            f"{parts.path}: one {modality} projector cannot take tokens stacked at the rates "
            f"{', '.join(map(str, rates))}; give its one rate"
        )
    per_rate = dim or (widths[0] // rates[0] if stacks else widths[0])
    expected = [per_rate * rate if stacks else per_rate for rate in rates][: len(widths)]
    if expected != widths:
        source = f"its encoder's width {dim}" if dim else f"a width of {per_rate}"
        raise InputError(
            f"{parts.path}: with --{modality}_rates {' '.join(map(str, rates))} and {compression}, "
            f"{modality} projectors would take {', '.join(map(str, expected))} numbers ({source}), "
            f"but they take {', '.join(map(str, widths))}; correct the rates, or --compression"
        )


def _scale(parts: Parts, alpha: float | None, rank: int | None) -> float:
    if alpha is None:
        raise InputError(
            f"{parts.path} does not say by what its LoRAs are scaled; give --alpha, as in its "
            "training (alpha over --rank is 1/8 in the paper)"
        )
    if not 0 < alpha < math.inf:
        raise InputError(f"--alpha is {alpha}; it must be positive")
    if rank is None:
        if parts.hidden % parts.rank:
            raise InputError(
                f"{parts.path}: the LoRAs' width {parts.rank} does not divide the LLM's width "
                f"{parts.hidden}; give --rank, as in its training"
            )
        rank = parts.hidden // parts.rank
    if rank < 1 or parts.hidden // rank != parts.rank:
        raise InputError(
            f"--rank {rank} gives LoRAs of width {parts.hidden // max(rank, 1)} over an LLM of "
            f"width {parts.hidden}, but those of {parts.path} have {parts.rank}; in the authors' "
            "code --rank is what the width is divided by"
        )
    return alpha / rank
