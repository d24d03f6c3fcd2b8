"""``corpora: [lrs2, lrs3]`` or ``corpora: {lrs2: 1, lrs3: 2}``: several training corpora."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from mavsr.config.values import Name, Positive

Parts = tuple[tuple[Name, Positive | None], ...]


def _pairs(value: Any) -> Any:
    """A list of names, or names with weights, as pairs; None is no weight."""
    if isinstance(value, Mapping):
        return tuple(value.items())
    if isinstance(value, list | tuple):
        return tuple((name, None) if isinstance(name, str) else name for name in value)
    return value


def _sorted(parts: Parts) -> Parts:
    """By name, as the order changes no model and must not change its name."""
    if len({name for name, _ in parts}) < len(parts):
        raise ValueError("list each once")
    if len({weight is None for _, weight in parts}) > 1:
        raise ValueError("give each a weight, as in {lrs2: 1, lrs3: 2}, or none")
    return tuple(sorted(parts))


Mixture = Annotated[
    Parts,
    BeforeValidator(_pairs),
    Field(min_length=1),
    AfterValidator(_sorted),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
                {
                    "type": "object",
                    "additionalProperties": {"type": "number", "exclusiveMinimum": 0},
                    "minProperties": 1,
                },
            ]
        }
    ),
]
"""(name of a corpus, its weight or None) of each, sorted."""
