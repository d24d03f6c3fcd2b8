"""Turn a function into a command: its signature is the command line.

Every job of the workflow is such a command (``python -m mavsr.<stage>.<verb>``), so that each step
also runs, and can be debugged, without Snakemake.
"""

import errno
import gc
import inspect
import json
import logging
import signal
import sys
import typing
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tqdm import tqdm

from mavsr.errors import InputError
from mavsr.workflow.planned import as_planned

T = TypeVar("T")

_REFUSALS = {
    errno.ENOSPC: "free disk space and run again",
    errno.EDQUOT: "free disk space and run again",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f) and run again",
    errno.EROFS: "mount it writable, or choose another folder",
    errno.EACCES: "change its permissions, or choose another folder",
    errno.ENOTDIR: "choose a folder; a file stands there",
    errno.EEXIST: "choose a folder; a file stands there",
    errno.EISDIR: "choose a name that no folder has",
    errno.ENAMETOOLONG: "choose a shorter name",
}
"""What a user can do about a place that takes no file; other OSErrors may be defects."""


def run_command(
    function: Callable[..., Any], arguments: list[str] | None = None, name: str | None = None
) -> None:
    """Parse the command line into ``function``'s arguments and call it.

    An InputError, or a disk that is full or refuses access, ends the process with a message and
    exit status 2, Ctrl-C (SIGINT) with a line and status 130; any other exception is a defect of
    this project and keeps its traceback.

    Args:
        function: what to run; its signature is the command line.
        arguments: words of the command line; those of this process if not given.
        name: of the command, for its help; that of this process if not given.
    """
    import jsonargparse  # the commands of a person, which share this module, do without

    collect_garbage()
    words = join_lists(sys.argv[1:] if arguments is None else arguments, function)
    with errors_as_messages(), as_planned(_module(function)):
        jsonargparse.auto_cli(
            function, words, as_positional=False, prog=name, description=inspect.getdoc(function)
        )


def collect_garbage() -> None:
    """Let Python look for garbage again, if :mod:`mavsr` has put it off: not among the imports."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


@contextmanager
def errors_as_messages() -> Iterator[None]:
    """Log to stderr; end the process with a message where an error is the user's to mend.

    Raises:
        SystemExit: with status 2, after an InputError or a disk that is full or refuses access;
            with status 130, as shells have it, after Ctrl-C.
    """
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(message)s",
        datefmt="%H:%M:%S",
    )
    # PEFT 0.21 asks transformers 5 for an attribute by its old name.
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated")
    try:
        yield
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt as error:
        print("; ".join(["interrupted", *map(str, error.args)]), file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {place}{error.strerror}; {_REFUSALS[error.errno]}", file=sys.stderr)
        sys.exit(2)


def _module(function: Callable[..., Any]) -> str:
    """Dotted name of a command's module, also where it is run by ``python -m``."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec.name if spec and function.__module__ == "__main__" else function.__module__


def join_lists(arguments: list[str], function: Callable[..., Any]) -> list[str]:
    """Turn ``--shards a b`` into ``--shards '["a", "b"]'`` where ``function`` takes a list.

    So a rule can write ``--shards {input.shards:q}`` for one file as for many.
    """
    hints = typing.get_type_hints(function)
    lists = {
        f"--{name}"
        for name in inspect.signature(function).parameters
        if any(typing.get_origin(t) is list for t in (hints[name], *typing.get_args(hints[name])))
    }
    joined: list[str] = []
    values: list[str] | None = None
    for argument in [*arguments, "--"]:
        if values is not None and argument.startswith("--"):
            joined.append(json.dumps(values))
            values = None
        if values is not None:
            values.append(argument)
        else:
            joined.append(argument)
        if argument in lists:
            values = []
    return joined[:-1]


def progress(items: Iterable[T], total: int | None, what: str) -> Iterator[T]:
    """Count ``items`` on stderr while they are consumed.

    In a log file a new state is written every ten seconds, on a terminal ten times a second.
    """
    interval = 0.1 if sys.stderr.isatty() else 10.0
    return iter(tqdm(items, total=total, desc=what, mininterval=interval, file=sys.stderr))
