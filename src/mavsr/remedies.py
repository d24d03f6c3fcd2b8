"""What messages tell a user to do about files that are lost or damaged."""

import os
import shlex
from collections.abc import Collection, Iterable
from pathlib import Path

CONFIG_OPTIONS = "MAVSR_CONFIG_OPTIONS"
"""Environment variable by which a run tells its jobs the options that chose its config."""
_NAMED = 3
"""Clips that a message names."""


def config_options(configfiles: Iterable[Path], values: Iterable[str]) -> str:
    """Options for a command line that choose the same config.

    Args:
        configfiles: of ``--configfile``.
        values: of ``--config``.
    """
    files = [os.path.relpath(path) for path in configfiles]
    parts = [("--configfile", files), ("--config", list(values))]
    return " ".join(shlex.join([option, *given]) for option, given in parts if given)


def rebuild_command(*files: Path) -> str:
    """Shell command that removes files and makes them anew, under the config of the run.

    Files that lie above what is named are made too if they are missing. What was made of the files
    stays as it is if their bytes come out as they were (index.json, tables), as small files are
    compared by content.
    """
    names = shlex.join(map(str, files))
    options = os.environ.get(CONFIG_OPTIONS)
    targets = f"{options} -- {names}" if options else names
    return f"`rm -f {names} && snakemake --cores all {targets}`"


def named_clips(what: str, keys: Collection[str]) -> list[str]:
    """A phrase that counts clips and names the first ones; none if there are none."""
    if not keys:
        return []
    first, more = sorted(keys)[:_NAMED], ", ..." if len(keys) > _NAMED else ""
    return [f"{what} {len(keys)} clip{'s' if len(keys) > 1 else ''}: {', '.join(first)}{more}"]
