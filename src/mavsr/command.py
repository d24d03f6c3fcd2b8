"""Turn a function into a command: its signature is the command line.

Every job of the workflow is such a command (``python -m mavsr.<stage>.<verb>``), so that each step
also runs, and can be debugged, without Snakemake.
"""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import jsonargparse
from tqdm import tqdm

from mavsr.errors import InputError

T = TypeVar("T")


def run_command(function: Callable[..., Any]) -> None:
    """Parse the command line into ``function``'s arguments and call it.

    An InputError ends the process with its message and exit status 2; any other exception is a
    defect of this project and keeps its traceback.
    """
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(message)s",
        datefmt="%H:%M:%S",
    )
    try:
        jsonargparse.auto_cli(function, as_positional=False)
    except InputError as error:
        sys.exit(f"error: {error}")


def progress(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Count ``items`` on stderr while they are consumed.

    In a log file a new state is written every ten seconds, on a terminal ten times a second.
    """
    interval = 0.1 if sys.stderr.isatty() else 10.0
    return iter(tqdm(items, total=total, desc=what, mininterval=interval, file=sys.stderr))
