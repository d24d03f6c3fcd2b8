"""Text that stands for a number, true, false or null, as ``--config`` hands it over."""

import re
from dataclasses import is_dataclass
from functools import cache
from typing import Any, get_origin, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError

from mavsr.config.config import Config
from mavsr.config.explain import inside, known_path, members

_NUMBERS = ("int_type", "float_type", "bool_type", "snr_type")
"""Errors of values that should be numbers, or true or false."""


@cache
def adapter() -> TypeAdapter[Config]:
    """What makes a config of a mapping."""
    return TypeAdapter(Config)


def restore_types(config: dict[str, Any]) -> None:
    """Turn text into null where there may be null, and into numbers where numbers are wanted.

    ``snakemake --config 'rates={audio: [4, 8]}'`` hands over everything inside braces as text, and
    YAML 1.1 takes ``1e-3`` for text.

    Args:
        config: raw, and changed in place.
    """
    _restore(config, Config)
    try:
        adapter().validate_python(config)
    except ValidationError as error:
        for wrong in error.errors():
            text = wrong["input"]
            if wrong["type"] not in _NUMBERS or not isinstance(text, str):
                continue
            if not isinstance(value := _meant(text), str):
                keys, _ = known_path(Config, wrong["loc"])
                part: Any = config
                for key in keys[:-1]:
                    part = part[int(key) if isinstance(part, list) else key]
                last = keys[-1]
                part[int(last) if isinstance(part, list) else last] = value


def _restore(part: Any, hint: Any) -> None:
    """What errors do not tell: ``null``, and the numbers of names that are read as pairs.

    The first may be valid as text, and pydantic's path to a pair does not lead into a mapping.

    Args:
        part: mapping or list of the config.
        hint: its type.
    """
    options = list(members(hint))
    sections: list[Any] = [option for option in options if is_dataclass(option)]
    own: dict[Any, Any] = {key: found for cls in sections for key, found in _hints(cls).items()}
    within = next((found for o in options if (found := inside(o)) is not None), None)
    named = own or any(get_origin(option) is dict for option in options)
    for place in list(part) if isinstance(part, dict) else range(len(part)):
        value, wanted = part[place], own.get(place, within)
        if isinstance(part, dict) and not named:
            part[place] = _meant(value) if isinstance(value, str) else value
        elif value == "null" and type(None) in members(wanted):
            part[place] = None
        elif isinstance(value, dict | list):
            _restore(value, wanted)


@cache
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls, include_extras=True)


def _meant(text: str) -> Any:
    if re.fullmatch(r"[-+]?\d+[eE][-+]?\d+", text):
        return float(text)
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return value if isinstance(value, bool | int | float) else text
