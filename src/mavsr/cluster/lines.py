"""Checks of the files that a site edits, line by line."""

from pathlib import Path
from typing import Any

import yaml

from mavsr.errors import InputError


def read_lines(path: Path) -> Any:
    """What a YAML file holds.

    Raises:
        InputError: it is missing, or is no YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path} cannot be read ({error}); run from the repository") from error


def check_keys(place: str, found: Any, known: set[str]) -> None:
    """Raise InputError if ``found`` is no mapping, or has a key that is not ``known``."""
    if not isinstance(found, dict):
        raise InputError(
            f"{place} is {found!r}, which must be lines `key: value` ({', '.join(sorted(known))})"
        )
    if odd := sorted(map(str, set(found) - known)):
        raise InputError(f"unknown key {odd[0]!r} in {place} (known: {', '.join(sorted(known))})")


def check_text(name: str, value: Any) -> None:
    """Raise InputError if ``value`` is neither text nor None."""
    if not isinstance(value, str | None):
        raise InputError(f"{name} is {value!r}, not text or null; write {name}: '{value}'")


def check_count(name: str, value: Any, least: int) -> None:
    """Raise InputError if ``value`` is no whole number of at least ``least``."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InputError(f"{name} is {value!r}, which must be a whole number from {least}")
