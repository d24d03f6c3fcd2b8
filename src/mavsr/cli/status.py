"""Print how far the configured experiments are, and the end of failed jobs' logs.

It only looks: a run in progress is not disturbed, and no lock is needed.

Example:
  mavsr status --configfile workflow/configs/paper.yaml --lines 30
"""

import argparse
from pathlib import Path

from mavsr.cli.options import add_config, add_results


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_config(parser)
    add_results(parser)
    parser.add_argument(
        "--records",
        type=Path,
        default=Path(".snakemake"),
        metavar="FOLDER",
        help="Snakemake's folder of the same run",
    )
    parser.add_argument(
        "--lines", type=int, default=10, metavar="N", help="lines of a failed job's log"
    )


def run(given: argparse.Namespace) -> None:
    """Print the status."""
    from mavsr.status.status import status

    status(given.configfile, given.results, given.records, given.lines)
