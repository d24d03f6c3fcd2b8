"""What the marks of a section's fields say."""

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from typing import Any, Union, get_args, get_type_hints

from mavsr.config.base import Key


@dataclass(frozen=True)
class Leaf:
    """A key that holds a value, not further keys."""

    path: tuple[str, ...]
    """``*`` is a name, such as that of a corpus, ``[]`` a place in a list."""
    hint: Any
    """Its type, with its annotations."""
    key: Key
    """Its own words, and the marks of the section above where it has none itself."""
    default: Any = MISSING
    """Of its class; MISSING if it must be given. A section above may hold another."""


def key_of(hint: Any) -> Key | None:
    """What an annotated type is for; None if that is not said."""
    return next((m for m in getattr(hint, "__metadata__", ()) if isinstance(m, Key)), None)


def goes_before(common: Any, section: str, name: str) -> Key:
    """The key of a field that goes before a common one, whose words it has.

    Args:
        common: class of the section that holds the common one.
        section: what that is called in a config.
        name: of both.
    """
    key = inherited(key_of(get_type_hints(common, include_extras=True)[name]), None)
    return Key(f"Goes before `{section}.{name}`: {key.help}", unit=key.unit)


def leaves(cls: Any, above: Key | None = None, path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """All keys of a section, in their order, those of its parts included.

    Args:
        cls: a class of settings.
        above: what the section itself is marked with.
        path: of the section.
    """
    hints = get_type_hints(cls, include_extras=True)
    for field in fields(cls):
        hint = hints[field.name]
        key = inherited(key_of(hint), above)
        steps, parts = _parts(hint)
        if not parts:
            yield Leaf((*path, field.name), hint, key, default_of(field))
        found: dict[tuple[str, ...], Leaf] = {}
        for part in parts:
            for leaf in leaves(part, key, (*path, field.name, *steps)):
                # Kinds of corpora share keys, but for their own name.
                before = found.setdefault(leaf.path, leaf)
                found[leaf.path] = replace(before, hint=Union[before.hint, leaf.hint])  # noqa: UP007
        yield from found.values()


def sections(cls: Any) -> Iterator[tuple[str, Key, Any, Any]]:
    """Name, words, type and default of the fields of a class of settings."""
    hints = get_type_hints(cls, include_extras=True)
    for field in fields(cls):
        hint = hints[field.name]
        yield field.name, inherited(key_of(hint), None), hint, default_of(field)


def default_of(field: Field[Any]) -> Any:
    """Default of a field, also where pydantic wraps it; MISSING if there is none."""
    default: Any = field.default
    if type(default).__name__ == "FieldInfo":
        return MISSING if default.is_required() else default.default
    return default


def inherited(own: Key | None, above: Key | None) -> Key:
    """The key's own words, with the marks of what it is a part of where it has none."""
    if own is None:
        return above or Key("")
    if own.decides or own.runs or own.plans or above is None:
        return own
    return Key(own.help, above.decides, above.runs, above.plans, own.unit)


def deciding(cls: Any) -> set[str]:
    """Names of the fields of a section that decide a result."""
    return {leaf.path[0] for leaf in leaves(cls) if leaf.key.decides}


def _parts(hint: Any) -> tuple[tuple[str, ...], list[Any]]:
    """Steps from a field to the sections that its value holds, and these."""
    if hasattr(hint, "__metadata__"):
        return _parts(get_args(hint)[0])
    if is_dataclass(hint):
        return (), [hint]
    origin, arguments = getattr(hint, "__origin__", None), get_args(hint)
    if origin is dict or origin is tuple:
        steps, parts = _parts(arguments[1] if origin is dict else arguments[0])
        return ("*" if origin is dict else "[]", *steps), parts
    found = [_parts(argument) for argument in arguments]
    steps = next((steps for steps, parts in found if parts), ())
    return steps, [part for _, parts in found for part in parts]
