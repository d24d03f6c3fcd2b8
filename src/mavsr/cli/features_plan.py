"""Print clips, hours, bytes and FLOPs of the features that the experiments ask for.

Bytes are those of the tokens; a shard adds about 1.5 KB a clip.

Example:
  mavsr features plan --configfile workflow/configs/paper.yaml
"""

import argparse
from pathlib import Path

from mavsr.cli.options import add_config


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_config(parser)
    parser.add_argument(
        "--manifests",
        type=Path,
        default=Path("results/corpus"),
        metavar="FOLDER",
        help="manifests to take lengths from, if they are made already",
    )


def run(given: argparse.Namespace) -> None:
    """Print the plan."""
    from mavsr.features.plan import plan

    plan(given.configfile, given.manifests)
