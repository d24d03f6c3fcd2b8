"""Watching what another process writes, to end it at a chosen moment."""

import time
from pathlib import Path
from subprocess import Popen


def wait_until(condition, process: Popen):
    """Return as soon as ``condition()`` is true; fails if the process ends before."""
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.005)


def sizes(folder: Path, pattern: str) -> list[int]:
    """Bytes of each matching file, without those that were renamed or removed since the listing."""
    found = []
    for path in folder.glob(pattern):
        try:
            found.append(path.stat().st_size)
        except FileNotFoundError:
            continue
    return found
