"""A key that stands twice in a config's file is a mistake: YAML would take the last in silence."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from mavsr.errors import InputError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def check_unique(paths: Iterable[Path]) -> None:
    """Refuse files in which a mapping has a key twice.

    Files that cannot be parsed are left to whoever reads them.

    Raises:
        InputError: the first such key, with its lines.
    """
    for path in paths:
        try:
            root = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue
        for key, first, second in _twice(root, ""):
            raise InputError(
                f"config {path}: {key} stands in line {first} and again in line {second}; remove "
                "one of them"
            )


def _twice(node: yaml.Node | None, place: str) -> Iterator[tuple[str, int, int]]:
    """(key with its path, its line, line of the second) of every repeated key below a node."""
    if isinstance(node, yaml.SequenceNode):
        for number, part in enumerate(node.value):
            yield from _twice(part, f"{place}[{number}]")
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[str, int] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        name, line = f"{place}.{key.value}".lstrip("."), key.start_mark.line + 1
        if name in lines:
            yield name, lines[name], line
        lines[name] = line
        yield from _twice(value, name)
