"""Which source a command runs, so that a rule can have a digest of it among its params.

Snakemake reruns a job whose params changed: editing a module reruns exactly the jobs that run it.
The list is the transitive closure of the imports, so it can neither be forgotten nor go stale.
"""

import hashlib
from pathlib import Path

from mavsr.workflow.parsed import Parsed, keep_parsed, parsed

PACKAGE = Path(__file__).parents[1]
PLUMBING = {
    "mavsr",
    *(f"mavsr.{name}" for name in ("command", "errors", "provenance", "remedies", "workflow")),
    *(f"mavsr.workflow.{name}" for name in ("code", "keep", "parsed", "planned", "wordless")),
    "mavsr.config.explain",
}
"""Modules that cannot change a result: how commands are called, how they fail, what they record."""


def source_files(module: str) -> list[Path]:
    """Files of ``module`` and of every mavsr module it imports, directly or not, sorted.

    Modules of which it imports nothing but types for annotations are not among them.

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
        waiting += _imports(_read(_file(name)).names)
    return sorted(_file(name) for name in found)


def code_digest(module: str) -> str:
    """Digest of what ``module`` and every mavsr module it imports do: their code without words.

    What :mod:`mavsr.workflow.wordless` leaves out does not count, so that explaining a step does
    not repeat weeks of it. Python 3.11 and 3.12 give the same digest.

    Args:
        module: dotted name such as ``mavsr.mouths.crop``.

    Returns:
        16 hexadecimal digits.
    """
    parts = [f"{file.relative_to(PACKAGE)} {_read(file).digest}" for file in source_files(module)]
    keep_parsed()
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _read(file: Path) -> Parsed:
    return parsed(file.read_text(encoding="utf-8"))


def _imports(names: tuple[str, ...]) -> list[str]:
    """Of the names that a module may import, those that are modules of this package."""
    found: list[str] = []
    for name in names:
        package, _, last = name.rpartition(".")
        if last == "*":
            folder = PACKAGE.joinpath(*package.split(".")[1:])
            found += [f"{package}.{p.stem}" for p in folder.glob("*.py") if p.stem != "__init__"]
        elif _file(name).is_file():
            found.append(name)
        elif _file(package).is_file() and (origin := _read(_file(package)).beside.get(last)):
            # Taken from a module that itself needs it for annotations alone.
            found += [origin.rpartition(".")[0], *_imports((origin,))]
    return [name for name in found if name.split(".")[0] == "mavsr"]


def _file(module: str) -> Path:
    path = PACKAGE.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
