"""Show on stderr how many bytes have come, of all files together."""

import sys
from threading import Lock

from tqdm import tqdm


class Meter:
    """A counter that several threads may move; in a log file it writes every ten seconds."""

    def __init__(self, what: str):
        """Begin at zero bytes of ``what``."""
        interval = 0.1 if sys.stderr.isatty() else 10.0
        self._bar = tqdm(
            desc=what, unit="B", unit_scale=True, mininterval=interval, file=sys.stderr
        )
        self._lock = Lock()

    def add(self, count: int) -> None:
        """Count ``count`` more bytes, or fewer if it is negative."""
        with self._lock:
            self._bar.update(count)

    def close(self) -> None:
        """Leave the final state on the screen."""
        self._bar.close()
