"""Which source files a command runs, so that a rule can list them as inputs.

Snakemake compares such small inputs by content: editing a module reruns exactly the jobs that run
it. The list is the transitive closure of the imports, so it can neither be forgotten nor go stale.
"""

import ast
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
PLUMBING = {"mavsr", "mavsr.command", "mavsr.errors", "mavsr.provenance", "mavsr.sources"}
"""Modules that cannot change a result: how commands are called, how they fail, what they record."""


def source_files(module: str) -> list[Path]:
    """Files of ``module`` and of every mavsr module it imports, directly or not, sorted.

    Args:
        module: dotted name such as ``mavsr.mouths.crop``.
    """
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found or name in PLUMBING:
            continue
        found.add(name)
        waiting += _imports(name)
    return sorted(_file(name) for name in found)


@cache
def _imports(module: str) -> tuple[str, ...]:
    names: list[str] = []
    for node in ast.walk(ast.parse(_file(module).read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.JoinedStr):
            names += _chosen_by_name(node)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # "from package import name" may name a module of the package or something in it.
            names += [f"{node.module}.{alias.name}" for alias in node.names]
            names.append(node.module)
    return tuple(n for n in names if n.split(".")[0] == "mavsr" and _file(n).is_file())


def _chosen_by_name(text: ast.JoinedStr) -> list[str]:
    """What f"mavsr.package.{name}" can import: any module of that package."""
    start = text.values[0]
    if not isinstance(start, ast.Constant) or not str(start.value).startswith("mavsr."):
        return []
    package, dot, rest = str(start.value).rpartition(".")
    folder = PACKAGE.joinpath(*package.split(".")[1:])
    if not dot or rest or not folder.is_dir():
        return []
    return [f"{package}.{path.stem}" for path in folder.glob("*.py") if path.stem != "__init__"]


def _file(module: str) -> Path:
    path = PACKAGE.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
