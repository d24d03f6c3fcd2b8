"""What counts of a module's text, kept between runs: parsing all of them is half of a dry run.

What was found of a text is kept beside Snakemake's own records, under the text's digest and that
of the modules that parse. So it never goes stale, and a file that is damaged, lost or cannot be
written costs a second and nothing else.
"""

import ast
import contextlib
import hashlib
import json
import sys
import uuid
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mavsr.workflow import wordless

KEPT = Path(".snakemake/mavsr/parsed.json")


@dataclass(frozen=True)
class Parsed:
    """What counts of a module."""

    digest: str
    """Of its reduced tree."""
    names: tuple[str, ...]
    """Dotted names of this package that it may import."""
    beside: dict[str, str]
    """What it imports for annotations or words alone: its name there -> its dotted name."""


class _Store:
    """Digest of a text -> what was found of it."""

    def __init__(self) -> None:
        self.known: dict[str, Parsed] = _kept()
        self.used: dict[str, Parsed] = {}
        self.grown = False

    def find(self, text: str) -> Parsed:
        key = hashlib.sha256(text.encode()).hexdigest()
        if key not in self.known:
            self.known[key], self.grown = _parse(text), True
        self.used[key] = self.known[key]
        return self.used[key]


@cache
def parsed(text: str) -> Parsed:
    """What counts of a module's text."""
    return _store().find(text)


def keep_parsed() -> None:
    """Keep what this process has found of the texts that it read, where Snakemake keeps records."""
    store = _store()
    if not store.grown or not KEPT.parents[1].is_dir():
        return
    store.grown = False
    content = {key: asdict(found) for key, found in store.used.items()}
    # Not mavsr.files: losing it costs nothing, so nobody waits for the disk, and nobody fails.
    partial = KEPT.with_name(f".{KEPT.name}.{uuid.uuid4().hex[:8]}.partial")
    with contextlib.suppress(OSError):
        KEPT.parent.mkdir(exist_ok=True)
        text = json.dumps(content)
        partial.write_text(f"{_seal(text)}\n{text}", encoding="utf-8")
        partial.replace(KEPT)


def _kept() -> dict[str, Parsed]:
    """What an earlier process kept; empty unless it is whole and of these parsing modules."""
    with contextlib.suppress(OSError, ValueError):
        seal, _, text = KEPT.read_text(encoding="utf-8").partition("\n")
        if seal == _seal(text):
            return {key: _from_json(value) for key, value in json.loads(text).items()}
    return {}


def _from_json(value: dict[str, Any]) -> Parsed:
    return Parsed(value["digest"], tuple(value["names"]), value["beside"])


def _seal(text: str) -> str:
    """Digest of what is kept and of everything that decides it."""
    parsers = [Path(__file__).read_bytes(), Path(wordless.__file__).read_bytes()]
    parts = [*parsers, sys.version.encode(), text.encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


@cache
def _store() -> _Store:
    return _Store()


def _parse(text: str) -> Parsed:
    tree = wordless.without_words(text)
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.JoinedStr):
            names += _prefix(node)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # "from package import name" may name a module of the package or something in it.
            names += [f"{node.module}.{alias.name}" for alias in node.names]
            names.append(node.module)
    ours = dict.fromkeys(name for name in names if name.split(".")[0] == "mavsr")
    kept = _bound(tree)
    beside = {name: origin for name, origin in _bound(ast.parse(text)).items() if name not in kept}
    # A field that only Python 3.12 knows; empty in code that 3.11 reads too.
    reduced = ast.dump(tree).replace(", type_params=[]", "")
    return Parsed(hashlib.sha256(reduced.encode()).hexdigest(), tuple(ours), beside)


def _bound(tree: ast.AST) -> dict[str, str]:
    """Name -> dotted name of what ``from module import name`` binds to it."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _prefix(text: ast.JoinedStr) -> list[str]:
    """What f"mavsr.package.{name}" can import: any module of that package."""
    start = text.values[0]
    package, dot, rest = str(start.value if isinstance(start, ast.Constant) else "").rpartition(".")
    return [f"{package}.*"] if dot and not rest else []
