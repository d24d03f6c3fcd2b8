"""A key that stands twice in a config's file is a mistake: YAML would take the last in silence."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from mavsr.errors import InputError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Six times as fast where PyYAML was built with libyaml, as its wheels are."""


def read_unique(path: Path) -> Any:
    """What a YAML file holds.

    Raises:
        InputError: a mapping has a key twice: the first such key, with its lines; or something
            holds itself.
        OSError, UnicodeDecodeError, yaml.YAMLError: it cannot be read or parsed.
    """
    loader = _LOADER(path.read_text(encoding="utf-8"))
    try:
        root = loader.get_single_node()
        for line in _circles(root) if root else ():
            raise InputError(
                f"config {path}: what begins in line {line} holds an alias of itself; write out "
                "what is meant"
            )
        for key, first, second in _twice(root, ""):
            raise InputError(
                f"config {path}: {key} stands in line {first} and again in line {second}; remove "
                "one of them"
            )
        return None if root is None else loader.construct_document(root)
    finally:
        loader.dispose()


def check_unique(paths: Iterable[Path]) -> None:
    """Refuse files in which a mapping has a key twice.

    Files that cannot be parsed are left to whoever reads them.

    Raises:
        InputError: see :func:`read_unique`.
    """
    for path in paths:
        with contextlib.suppress(OSError, UnicodeDecodeError, yaml.YAMLError):
            read_unique(path)


def _circles(node: yaml.Node, above: tuple[yaml.Node, ...] = ()) -> Iterator[int]:
    """Lines of nodes below a node, itself included, that hold themselves."""
    if any(node is one for one in above):
        yield node.start_mark.line + 1
    elif isinstance(node, yaml.CollectionNode):
        pairs = isinstance(node, yaml.MappingNode)
        for part in (one for pair in node.value for one in pair) if pairs else node.value:
            yield from _circles(part, (*above, node))


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
