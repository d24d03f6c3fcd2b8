"""What is wrong with a config, in words: the key's path, the value, what to do."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from pydantic import ValidationError

_USER_INFO = re.compile(r"(?<=://)\S*@")  # to the last "@", as a password may hold any letter
_QUERY = re.compile(r"(://[^\s?'\"]*\?)[^\s'\"]+")
_UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden")
_TOLD = {
    "int_type": "give a whole number",
    "int_from_float": "give a whole number",
    "float_type": "give a number",
    "finite_number": "give a finite number",
    "bool_type": "give true or false",
    "string_type": "give text",
    "string_too_short": "it may not be empty",
    "tuple_type": "give a list",
    "dict_type": "give `key: value`",
    "dataclass_type": "give `key: value`",
    "literal_error": "choose {expected}",
    "union_tag_invalid": "choose {expected_tags}",
    "greater_than_equal": "give at least {ge}",
    "greater_than": "give more than {gt}",
    "less_than_equal": "give at most {le}",
    "less_than": "give less than {lt}",
    "too_short": "list at least {min_length}",
    "too_long": "list at most {max_length}",
}
"""Kind of an error -> what a value must be, filled from the error's context."""


def redacted(text: str) -> str:
    """``text`` without what stands before ``@`` and after ``?`` in the URLs that it holds."""
    return _QUERY.sub(r"\1…", _USER_INFO.sub("…@", text))


def explain(error: ValidationError, cls: type, place: str = "") -> list[str]:
    """A line per value that is wrong, in the order of the keys.

    Args:
        error: what pydantic found.
        cls: the class that was to be made.
        place: key path of what was to be made.
    """
    found: dict[str, dict[str, None]] = {}
    for part in _telling(error.errors()):
        where, text = _told(part, cls, place)
        found.setdefault(where, {})[text] = None
    lines = [where.format(told=" or ".join(texts)) for where, texts in found.items()]
    return [redacted(line) for line in sorted(lines)]


def _telling(parts: list[Any]) -> list[Any]:
    """Without lists that are called too short only because something in them is wrong."""
    wrong = {part["loc"][:depth] for part in parts for depth in range(len(part["loc"]))}
    return [p for p in parts if p["type"] != "too_short" or p["loc"] not in wrong]


def _told(part: Mapping[str, Any], cls: type, place: str) -> tuple[str, str]:
    """A line with room for what to do, and what to do."""
    kind, value = part["type"], part["input"]
    keys, owner = known_path(cls, part["loc"])
    where, above = _joined(place, keys), _joined(place, keys[:-1])
    if kind in _UNKNOWN:
        hint = _near(keys[-1], [field.name for field in fields(owner)])
        return _literal(f"unknown key {keys[-1]!r} at {above}; {hint}"), ""
    if kind == "union_tag_not_found":
        return _literal(f"{part['ctx']['discriminator'].strip(_QUOTE)!r} is missing at {where}"), ""
    if kind == "missing":
        if isinstance(part["loc"][-1], int):
            return _literal(f"{above} is {value!r}: give one value more"), ""
        return _literal(f"{keys[-1]!r} is missing at {above}"), ""
    if kind == "union_tag_invalid":
        where, value = f"{where}.{part['ctx']['discriminator'].strip(_QUOTE)}", part["ctx"]["tag"]
    if kind == "value_error":
        told = str(part["ctx"]["error"])
        if isinstance(value, Mapping) or is_dataclass(value) or hasattr(value, "kwargs"):
            # The check of a whole section names its keys itself.
            return _literal(f"{where}: {told}" if keys and not told.startswith(where) else told), ""
    else:
        told = _TOLD.get(kind, part["msg"]).format(**part.get("ctx", {}))
    return _literal(f"{where} is {value!r}: ") + "{told}", told


_QUOTE = "'"


def _joined(place: str, keys: list[str]) -> str:
    return ".".join(filter(None, [place, *keys])) or "the top level"


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _near(unknown: str, known: list[str]) -> str:
    near = difflib.get_close_matches(unknown, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"


def known_path(cls: Any, path: tuple[Any, ...]) -> tuple[list[str], Any]:
    """Keys of pydantic's path to a value, and the class of settings that holds the last of them.

    The path also names members of unions, which are no keys.
    """
    keys: list[str] = []
    owner = here = cls
    for step in path:
        options = list(members(here))
        if step == "[key]" or (len(options) > 1 and _is_label(step)):
            continue
        classes = [option for option in options if is_dataclass(option)]
        names = {name for option in classes for name in get_type_hints(option)}
        within = [found for option in options if (found := inside(option)) is not None]
        if step in names or (classes and not within and step not in _tags(classes)):
            owner = next((c for c in classes if step in get_type_hints(c)), classes[0])
            here = get_type_hints(owner, include_extras=True).get(str(step))
            keys.append(str(step))
        elif step in _tags(classes):
            here = next(c for c in classes if step in _tags([c]))
            owner = here
        elif within and (isinstance(step, int) or _is_mapping(options)):
            here = within[0]
            keys.append(str(step))
    return keys, owner


def _is_label(step: Any) -> bool:
    """Whether pydantic means a type of a union, not a key."""
    return isinstance(step, str) and ("[" in step or step in _LABELS)


_LABELS = ("constrained-str", "constrained-int", "str", "int", "float", "bool")


def members(hint: Any) -> Iterator[Any]:
    """The types that a value may have, without their annotations."""
    if hasattr(hint, "__metadata__"):
        yield from members(get_args(hint)[0])
    elif type(hint).__name__ in ("UnionType", "_UnionGenericAlias", "Union"):
        for option in get_args(hint):
            yield from members(option)
    else:
        yield hint


def inside(hint: Any) -> Any:
    """Type of the values of a mapping or list; None for other types."""
    arguments = get_args(hint)
    if getattr(hint, "__origin__", None) is dict:
        return arguments[1]
    return arguments[0] if getattr(hint, "__origin__", None) is tuple else None


def _is_mapping(options: list[Any]) -> bool:
    return any(getattr(option, "__origin__", None) is dict for option in options)


def _tag(cls: Any) -> str | None:
    kind = get_type_hints(cls, include_extras=True).get("kind")
    values = [get_args(option) for option in members(kind)] if kind is not None else []
    return values[0][0] if values and len(values[0]) == 1 else None


def _tags(classes: list[Any]) -> set[str | None]:
    return {_tag(cls) for cls in classes} | {getattr(cls, "__name__", None) for cls in classes}
