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


class Source:
    """The package's modules, each as it was when it was first asked for."""

    def __init__(self) -> None:
        self._files: dict[str, Path] = {}
        self._parsed: dict[Path, Parsed] = {}
        self._imported: dict[str, list[str]] = {}

    def files(self, module: str) -> list[Path]:
        """See :func:`source_files`."""
        found: set[str] = set()
        waiting = [module]
        while waiting:
            name = waiting.pop()
            if name in found or name in PLUMBING:
                continue
            found.add(name)
            if name not in self._imported:
                self._imported[name] = self._modules(self._read(self._file(name)).names)
            waiting += self._imported[name]
        return sorted(self._file(name) for name in found)

    def digest(self, module: str) -> str:
        """See :func:`code_digest`."""
        files = self.files(module)
        parts = [f"{file.relative_to(PACKAGE)} {self._read(file).digest}" for file in files]
        keep_parsed()
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def _modules(self, names: tuple[str, ...]) -> list[str]:
        """Of the names that a module may import, those that are modules of this package."""
        found: list[str] = []
        for name in names:
            package, _, last = name.rpartition(".")
            if last == "*":
                folder = PACKAGE.joinpath(*package.split(".")[1:])
                stems = (path.stem for path in folder.glob("*.py"))
                found += [f"{package}.{stem}" for stem in stems if stem != "__init__"]
            elif self._file(name).is_file():
                found.append(name)
            elif self._file(package).is_file() and (
                origin := self._read(self._file(package)).beside.get(last)
            ):
                # Taken from a module that itself needs it for annotations alone.
                found += [origin.rpartition(".")[0], *self._modules((origin,))]
        return [name for name in found if name.split(".")[0] == "mavsr"]

    def _read(self, file: Path) -> Parsed:
        if file not in self._parsed:
            self._parsed[file] = parsed(file.read_text(encoding="utf-8"))
        return self._parsed[file]

    def _file(self, module: str) -> Path:
        if module not in self._files:
            path = PACKAGE.joinpath(*module.split(".")[1:])
            found = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            self._files[module] = found
        return self._files[module]


def source_files(module: str) -> list[Path]:
    """Files of ``module`` and of every mavsr module it imports, directly or not, sorted.

    Modules of which it imports nothing but types for annotations are not among them.

    Args:
        module: dotted name such as ``mavsr.mouths.crop``.
    """
    return Source().files(module)


def code_digest(module: str) -> str:
    """Digest of what ``module`` and every mavsr module it imports do: their code without words.

    What :mod:`mavsr.workflow.wordless` leaves out does not count, so that explaining a step does
    not repeat weeks of it. Python 3.11 and 3.12 give the same digest.

    Args:
        module: dotted name such as ``mavsr.mouths.crop``.

    Returns:
        16 hexadecimal digits.
    """
    return Source().digest(module)
