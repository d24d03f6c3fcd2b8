"""Speeds and sizes that a plan multiplies, each with its source in the file."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from mavsr.errors import InputError

DEFAULT = Path(__file__).with_name("rates.yaml")


@dataclass(frozen=True)
class Rates:
    """The lines of ``rates.yaml``, which says what each is and where it comes from."""

    start_s: Mapping[str, float]
    network_flops: Mapping[str, float]
    decoding_flops: Mapping[str, float]
    look_ms: Mapping[str, float]
    mix_speed: float
    portrait_s: float
    scan_s: float
    toy_epoch_s: Mapping[str, float]
    toy_step_s: float
    crop_bytes: float
    x264_bytes: float
    noise_bytes: float
    clip_bytes: float
    toy_bytes: float
    metric_bytes: float
    evaluation_bytes: Mapping[str, float]
    job_gb: float
    sentence_s: float


def read_rates(path: Path | None = None) -> Rates:
    """The package's rates, with those of ``path`` in their place.

    Raises:
        InputError: the file cannot be read, or a line of it is unknown or not positive.
    """
    lines: dict[str, Any] = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
    if path is not None:
        try:
            given = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InputError(f"rates {path} cannot be read ({error})") from error
        known = [f.name for f in fields(Rates)]
        if not isinstance(given or {}, dict):
            raise InputError(
                f"{path} holds {given!r}, no rates by name (known: {', '.join(known)})"
            )
        for name, value in (given or {}).items():
            if name not in known:
                raise InputError(f"{path}: unknown rate {name!r} (known: {', '.join(known)})")
            old = lines[name]
            if isinstance(old, dict) != isinstance(value, dict):
                raise InputError(f"{path}: {name} is {value!r}; write it as {old!r} is")
            lines[name] = {**old, **value} if isinstance(old, dict) else value
    for name, value in lines.items():
        for number in value.values() if isinstance(value, dict) else [value]:
            if not isinstance(number, int | float) or number <= 0:
                raise InputError(f"{path}: {name} is {number!r}; it must be a positive number")
    return Rates(**lines)
