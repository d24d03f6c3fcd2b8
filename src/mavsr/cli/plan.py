"""Print what the configured experiments take from nothing, and how much of it is done.

Lengths come from the manifests where they are made, else from what papers say; speeds and sizes
from src/mavsr/plan/rates.yaml.

Example:
  mavsr plan --configfile workflow/configs/paper.yaml --device gpu
"""

import argparse
from pathlib import Path

from mavsr.cli.options import add_config, add_results


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_config(parser)
    add_results(parser)
    parser.add_argument(
        "--device",
        choices=["auto", "cpu", "gpu"],
        default="auto",
        help="where networks run; auto takes GPUs if this machine has one or hands jobs to SLURM",
    )
    parser.add_argument(
        "--rates",
        type=Path,
        metavar="FILE",
        help="your own speeds and sizes, in the format of src/mavsr/plan/rates.yaml",
    )


def run(given: argparse.Namespace) -> None:
    """Print the plan."""
    from mavsr.plan.plan import plan

    plan(given.configfile, given.results, given.device, given.rates)
