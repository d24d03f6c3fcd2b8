"""End a test's SLURM and whatever runs in it, once the test is over, however it ended.

``python reaper.py FOLDER`` waits until its standard input is closed, as it is even if the test is
killed, then ends every process of the SLURM whose ``slurm.conf`` lies in FOLDER.
"""

import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil


def members(folder: Path) -> list[psutil.Process]:
    """Daemons and jobs of the SLURM in ``folder``, and what talks to it."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            ours = process.environ().get("SLURM_CONF") == str(folder / "slurm.conf")
            # A job's slurmstepd overwrites its environment with its title.
            if ours or Path(process.cwd()) == folder:
                found.append(process)
    return found


def end_all(folder: Path, seconds: float = 30) -> None:
    """Kill them and what they start meanwhile."""
    last = time.monotonic() + seconds
    while (left := members(folder)) and time.monotonic() < last:
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=1)


if __name__ == "__main__":
    sys.stdin.read()
    end_all(Path(sys.argv[1]))
