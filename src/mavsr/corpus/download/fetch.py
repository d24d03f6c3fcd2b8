"""Fetch one file: go on where the last run stopped, try again, check its SHA-256."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from mavsr.corpus.download.credentials import find_credentials
from mavsr.corpus.download.partial import PartialFile
from mavsr.corpus.download.settings import RemoteFile, shown
from mavsr.corpus.download.transfer import Request, StoppedError, TemporaryError, transfer
from mavsr.errors import InputError
from mavsr.files import sha256


@dataclass(frozen=True)
class Patience:
    """How long to go on with a server that fails.

    Attributes:
        tries: failures in a row, none of which brought a byte, before giving up.
        first_wait_s: pause after the first; it doubles with every further one.
        longest_wait_s: longest pause, whatever the server asks for.
        timeout_s: silence after which a connection counts as broken.

    """

    tries: int = 10
    first_wait_s: float = 1.0
    longest_wait_s: float = 120.0
    timeout_s: float = 60.0

    def __post_init__(self) -> None:
        if self.tries < 1:
            raise InputError(f"tries is {self.tries}; give 1 or more")
        if not 0 <= self.first_wait_s <= self.longest_wait_s:
            raise InputError(
                f"first_wait_s is {self.first_wait_s} and longest_wait_s {self.longest_wait_s}; "
                "the first must lie between 0 and the second"
            )
        if self.timeout_s <= 0:
            raise InputError(f"timeout_s is {self.timeout_s}; it must be positive")


def fetch(
    file: RemoteFile,
    folder: Path,
    purpose: str,
    patience: Patience = Patience(),
    stop: Event | None = None,
    on_bytes: Callable[[int], None] = lambda count: None,
) -> tuple[Path, dict]:
    """Fetch ``file`` into ``folder``, unless it is there already.

    Args:
        file: URL, and SHA-256 where it is known.
        folder: where the file and the state of its download lie.
        purpose: what the credentials are for (see mavsr.corpus.download.credentials).
        patience: what to do about failures.
        stop: set by another thread to end this early; what came is kept.
        on_bytes: told how many bytes came (negative: how many were given up).

    Returns:
        The complete file, and its record: url, bytes, sha256, etag, last_modified.

    Raises:
        InputError: the file cannot be had, or its SHA-256 is wrong.
        StoppedError: ``stop`` was set.

    """
    folder.mkdir(parents=True, exist_ok=True)
    partial = PartialFile(file, folder)
    wanted = file.sha256 and file.sha256.lower()
    record = partial.record()
    if record and wanted in (None, record["sha256"]):
        on_bytes(record["bytes"])
        return partial.final, record
    partial.final.unlink(missing_ok=True)
    if record:
        partial.discard()
    on_bytes(partial.size())
    _complete(file, partial, purpose, patience, stop or Event(), on_bytes)
    logging.info("%s: all %d bytes are here; checking them", file.name, partial.size())
    found = sha256(partial.part)
    if wanted and found != wanted:
        partial.reject()
        raise InputError(
            f"{shown(file.url)} has the SHA-256 {found}, but the config says {wanted}. Run again "
            f"to fetch it anew (what came is kept as {partial.rejected}); if the sum stays the "
            "same, correct the config"
        )
    return partial.final, partial.finish(found)


def _complete(
    file: RemoteFile,
    partial: PartialFile,
    purpose: str,
    patience: Patience,
    stop: Event,
    on_bytes: Callable[[int], None],
) -> None:
    request = Request(file, purpose, find_credentials(file, purpose), patience.timeout_s)
    if partial.size():
        logging.info("%s: %d bytes are there already", file.name, partial.size())
    failures, most = 0, partial.size()
    while not partial.is_whole():
        try:
            transfer(request, partial, stop, on_bytes)
            return
        except TemporaryError as interruption:
            failures = 1 if partial.size() > most else failures + 1
            most = max(most, partial.size())
            if failures >= patience.tries:
                raise InputError(
                    f"{shown(file.url)} could not be fetched: {interruption} ({failures} times in "
                    "a row). Run again later; what came is kept"
                ) from None
            backoff = patience.first_wait_s * 2.0 ** (failures - 1)
            wait = backoff if interruption.wait_s is None else interruption.wait_s
            wait = min(wait, patience.longest_wait_s)
            logging.warning("%s: %s; next try in %.0f s", file.name, interruption, wait)
        if stop.wait(wait):
            raise StoppedError
