"""Types of values, with the bounds that several keys share."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

Text = Annotated[str, Strict(), Field(min_length=1)]
Flag = Annotated[bool, Strict()]
Count = Annotated[int, Strict(), Field(ge=1)]
Whole = Annotated[int, Strict(), Field(ge=0)]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Positive = Annotated[float, Strict(), Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Strict(), Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Strict(), Field(ge=0, lt=1)]
OpenShare = Annotated[float, Strict(), Field(gt=0, lt=1)]
ClosedShare = Annotated[float, Strict(), Field(ge=0, le=1)]


def _matches(pattern: str, what: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"write {what}")
        return text

    return check


def written(pattern: str, what: str) -> Any:
    """Text of a pattern, which messages give in words."""
    schema = {"type": "string", "pattern": f"^({pattern})$", "description": what}
    return Annotated[str, Strict(), AfterValidator(_matches(pattern, what)), WithJsonSchema(schema)]


Name = written("[A-Za-z0-9][A-Za-z0-9._-]*", "letters, digits, '.', '_' and '-'")
Sha256 = written("[0-9a-fA-F]{64}", "64 hexadecimal digits, or null where it is not known")


def once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Validator: no value twice."""
    if len(set(values)) < len(values):
        raise ValueError("list each once")
    return values


def _ascending(rates: tuple[int, ...]) -> tuple[int, ...]:
    if list(rates) != sorted(set(rates)):
        raise ValueError("list each rate once, ascending")
    return rates


Rates = Annotated[tuple[Count, ...], Field(min_length=1), AfterValidator(_ascending)]
"""Compression rates of one modality."""


def _snr(value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value != "clean" and not (number and abs(value) < float("inf")):
        raise PydanticCustomError("snr_type", "write a number in dB, or clean")
    return value if value == "clean" else float(value)


Snr = Annotated[
    float | str,
    BeforeValidator(_snr),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"const": "clean"}]}),
]
"""A signal-to-noise ratio in dB, or ``clean``: no noise."""
