"""Command: fetch the weights of a detector (``python -m mavsr.mouths.weights``)."""

import http.client
import logging
import shutil
import urllib.request
from pathlib import Path

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.files import atomic, sha256

_log = logging.getLogger(__name__)
_PATIENCE_S = 60


def fetch(url: str, checksum: str, output: Path) -> None:
    """Download ``url`` to ``output``, which appears only if its content is what was asked for.

    Args:
        url: where the file lies (http, https or file).
        checksum: its SHA-256, hexadecimal.
        output: where to put it.

    Raises:
        InputError: the file cannot be had, or is another one.

    """
    with atomic(output) as partial:
        try:
            with (
                urllib.request.urlopen(url, timeout=_PATIENCE_S) as answer,
                partial.open("wb") as file,
            ):
                shutil.copyfileobj(answer, file)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise InputError(
                f"{url} cannot be downloaded ({error}); get the file in another way and name its "
                "path under mouths.retinaface.weights"
            ) from error
        found = sha256(partial)
        if found != checksum.lower():
            raise InputError(
                f"{url} has SHA-256 {found}, not {checksum}; the download was cut or changed, or "
                "mouths.retinaface.sha256 is wrong"
            )
    _log.info("%s: %d bytes", output, output.stat().st_size)


if __name__ == "__main__":
    run_command(fetch)
