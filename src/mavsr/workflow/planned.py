"""A job runs the code that its run planned, or stops: records must not speak of other code.

Snakemake records for a result the digest of the code at the time when the run was planned. Where
the source is edited while a run goes on, later jobs would run other code under that record, and an
edit that is put back would leave their results for good. So the process that plans tells its jobs
what it planned, by an environment variable that cluster jobs inherit too, and each job looks at its
own code when it starts and when it ends.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mavsr.errors import InputError
from mavsr.workflow import code

PLANNED = "MAVSR_PLANNED_CODE"


class PlannedCode:
    """Digests of the commands of a run, as they were when it was planned.

    Args:
        planning: whether this process plans the run, or is a job of one on a cluster, which
            takes over what was planned.
    """

    def __init__(self, planning: bool) -> None:
        if planning or PLANNED not in os.environ:
            # The bytes first: an edit in between makes a job look twice, not too little.
            self.source, self.digests = _bytes_digest(), {}
        else:
            self.source, self.digests = json.loads(os.environ[PLANNED])
        self.code = code.Source()

    def digest(self, module: str) -> str:
        """Digest of a command's code; from now on its jobs are held to it."""
        if module not in self.digests:
            self.digests[module] = self.code.digest(module)
            os.environ[PLANNED] = json.dumps([self.source, self.digests])
        return self.digests[module]


@contextmanager
def as_planned(module: str) -> Iterator[None]:
    """Hold the command ``module``, which runs in the block, to what its run planned, if any did.

    Raises:
        InputError: its code is another one at the start; or what it loaded since was edited since.
    """
    source, digests = json.loads(os.environ.get(PLANNED, '["", {}]'))
    if module not in digests:
        yield
        return
    if source != _bytes_digest() and code.code_digest(module) != digests[module]:
        raise InputError(
            f"the source of {module} in {code.PACKAGE} was edited after this run was planned, so "
            "this job would run other code than its results are recorded with; run snakemake again"
        )
    before, loaded = _states(), set(sys.modules)
    yield
    after = _states()
    # What was loaded at the start is what was planned, whatever has become of its file.
    edited = [
        str(file)
        for name, file in _files(set(sys.modules) - loaded)
        if after.get(file) != before.get(file)
    ]
    if edited:
        raise InputError(
            f"{', '.join(edited)} was edited while this job ran and used it; its results are of "
            "neither version for certain: run snakemake again"
        )


def _bytes_digest() -> str:
    """Digest of the bytes of all modules: where it is the same, no code need be parsed."""
    digest = hashlib.sha256()
    for file in sorted(code.PACKAGE.rglob("*.py")):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(code.PACKAGE)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _states() -> dict[Path, tuple[int, int]]:
    """File of each module -> time of its last change, and bytes."""
    found = ((file, file.stat()) for file in code.PACKAGE.rglob("*.py"))
    return {file: (state.st_mtime_ns, state.st_size) for file, state in found}


def _files(modules: set[str]) -> list[tuple[str, Path]]:
    """Of ``modules``, those of this package, with their files."""
    files = ((name, getattr(sys.modules.get(name), "__file__", None)) for name in modules)
    return sorted(
        (name, Path(file)) for name, file in files if file and code.PACKAGE in Path(file).parents
    )
