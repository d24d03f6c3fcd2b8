"""Which source a command runs, so that a rule can have a digest of it among its params.

Snakemake reruns a job whose params changed: editing a module reruns exactly the jobs that run it.
The list is the transitive closure of the imports, so it can neither be forgotten nor go stale.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
PLUMBING = {
    "mavsr",
    *(f"mavsr.{name}" for name in ("command", "errors", "provenance", "remedies", "sources")),
}
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
def code_digest(module: str) -> str:
    """Digest of what ``module`` and every mavsr module it imports do: their code without words.

    Comments, docstrings and layout do not count, so that explaining a step does not repeat weeks
    of it. Python 3.11 and 3.12 give the same digest.

    Args:
        module: dotted name such as ``mavsr.mouths.crop``.

    Returns:
        16 hexadecimal digits.
    """
    parts = [f"{file.relative_to(PACKAGE)} {_code(file)}" for file in source_files(module)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@cache
def _code(file: Path) -> str:
    """The syntax tree of ``file`` as text, without any statement that is just a string."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            if isinstance(block := getattr(node, name, None), list):
                setattr(node, name, [s for s in block if not _is_docstring(s)])
    # A field that only Python 3.12 knows; empty in code that 3.11 reads too.
    return ast.dump(tree).replace(", type_params=[]", "")


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


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
