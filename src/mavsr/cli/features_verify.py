"""Hash cached features anew and compare them with their index; exit status 1 if one differs.

Damaged or missing files are named with the command that makes them anew.

Example:
  mavsr features verify results/features/whisper-medium
"""

import argparse
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "folders",
        type=Path,
        nargs="*",
        default=[Path("results/features")],
        metavar="FOLDER",
        help="folders with indexes at any depth; those of other stages' shards count too",
    )


def run(given: argparse.Namespace) -> None:
    """Verify the features."""
    from mavsr.features.verify import verify

    verify(given.folders)
