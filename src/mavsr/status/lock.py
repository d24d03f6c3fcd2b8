"""Why Snakemake refuses a second run in one folder, and what to do."""

import logging
from datetime import datetime
from pathlib import Path

LOCKS = Path(".snakemake/locks")
REFUSAL = "cannot be locked"
"""In what Snakemake says when another run holds files that this one wants."""


class LockExplained(logging.Filter):
    """Adds to Snakemake's refusal who holds the lock, since when, and what to do."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        if REFUSAL in (message := record.getMessage()):
            record.msg, record.args = f"{message}\n{explanation()}", ()
        return True


def explanation(locks: Path = LOCKS) -> str:
    """What the lock in a folder means for whoever meets it."""
    return (
        f"This folder has been locked {_holder(locks)}: two runs must not write the same results.\n"
        "- If that run goes on (`make status` looks without a lock), wait for it. Another config "
        "can run at the same time in a second clone that shares the features (docs/reruns.md).\n"
        "- If it was killed, or its machine went down, nothing else can know: `make unlock`, then "
        "the same command again. Finished files are kept."
    )


def _holder(locks: Path) -> str:
    held = sorted(locks.glob("*.lock"))
    if not held:
        return "until just now"
    since = datetime.fromtimestamp(held[0].stat().st_mtime)
    try:
        owner = held[0].owner()
    except KeyError:  # an account of another machine
        owner = f"user {held[0].stat().st_uid}"
    return f"since {since:%Y-%m-%d %H:%M} by a run of {owner}"
