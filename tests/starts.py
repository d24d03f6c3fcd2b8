"""Starts Snakemake for the tests: a process that has read what every start reads, and is copied.

Two thirds of a dry run are imports and the parsing of this project's modules, which are the same
each time. ``Starts`` holds a process that has done both; each run is a fork of it, in the folder,
with the environment and the copy of the package that it is given, and so sees no other run.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"
READERS = ("parsed.py", "wordless.py")
"""Modules of ``mavsr.workflow`` that decide how others are parsed."""


class Starts:
    """The process; it starts with the first run and ends with this one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None

    def run(
        self, folder: Path, environment: dict[str, str], arguments: list[str]
    ) -> subprocess.CompletedProcess:
        """``snakemake ARGUMENTS`` in ``folder``; standard output and error come together."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": str(SOURCE)},
                text=True,
            )
        with tempfile.NamedTemporaryFile() as said:
            request = json.dumps([str(folder), environment, arguments, said.name])
            print(request, file=self._process.stdin, flush=True)
            code = int(self._process.stdout.readline())
            text = Path(said.name).read_text()
        return subprocess.CompletedProcess(["snakemake", *arguments], code, text)


def serve() -> None:
    """A fork per line of standard input; its exit status is a line of standard output."""
    from snakemake import cli  # noqa: F401

    from mavsr.workflow.parsed import parsed

    importlib.import_module("pandas")
    for path in SOURCE.rglob("*.py"):
        parsed(path.read_text(encoding="utf-8"))
    for line in sys.stdin:
        if child := os.fork():
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        else:
            begin(*json.loads(line))


def begin(folder: str, environment: dict[str, str], arguments: list[str], said: str) -> None:
    """Become a fresh process that runs Snakemake, and end."""
    output = os.open(said, os.O_WRONLY)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    use_package(Path(folder) / "src")
    try:
        sys.modules["snakemake.cli"].main(arguments)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def use_package(source: Path) -> None:
    """Import mavsr from ``source``; only what is known of unchanged texts stays."""
    known = sys.modules["mavsr.workflow.parsed"].parsed
    for name in [name for name in sys.modules if name.split(".")[0] == "mavsr"]:
        del sys.modules[name]
    sys.path[:] = [str(source), *(path for path in sys.path if path != str(SOURCE))]
    importlib.invalidate_caches()
    mine, theirs = (place / "mavsr" / "workflow" for place in (SOURCE, source))
    if all((mine / name).read_bytes() == (theirs / name).read_bytes() for name in READERS):
        importlib.import_module("mavsr.workflow.parsed").parsed = known


if __name__ == "__main__":
    serve()
