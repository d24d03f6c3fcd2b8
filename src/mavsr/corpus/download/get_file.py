"""Command: fetch one file, such as noise (``python -m mavsr.corpus.download.get_file``).

Its unfinished state lies in ``.download`` beside the output, where a failed job loses nothing.
"""

import shutil
from pathlib import Path

from mavsr.command import run_command
from mavsr.corpus.download.disk import disk_errors
from mavsr.corpus.download.fetch import Patience, fetch
from mavsr.corpus.download.get import WORK
from mavsr.corpus.download.meter import Meter
from mavsr.corpus.download.settings import RemoteFile
from mavsr.files import atomic, write_json


def get_file(
    file: RemoteFile,
    purpose: str,
    output: Path,
    listing: Path,
    patience: Patience = Patience(),  # noqa: B008 (frozen)
) -> None:
    """Fetch ``file`` to ``output``.

    Args:
        file: URL, and SHA-256 where it is known.
        purpose: what the credentials' variables are named after (MAVSR_<PURPOSE>_USERNAME).
        output: the file to write.
        listing: JSON file to write: URL, bytes, SHA-256 and ETag.
        patience: what to do about failing servers.

    Raises:
        InputError: the file cannot be had, or its SHA-256 is wrong.

    """
    meter = Meter(f"downloading {file.name}")
    with disk_errors(output.parent):
        path, record = fetch(file, output.parent / WORK, purpose, patience, on_bytes=meter.add)
        meter.close()
        with atomic(output) as partial:
            shutil.copyfile(path, partial)
        write_json(listing, record)


if __name__ == "__main__":
    run_command(get_file)
