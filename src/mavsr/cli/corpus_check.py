"""Print what each corpus holds beside the papers' numbers, and what is missing.

Nothing is written. Every video is opened, so LRS3 takes some minutes; with --manifests the numbers
come from what the workflow has already read.

Example:
  mavsr corpus check lrs3 --configfile workflow/configs/paper.yaml
"""

import argparse
from pathlib import Path

from mavsr.cli.options import add_config


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "corpora",
        nargs="*",
        metavar="CORPUS",
        help="names of corpora in the config (default: all that experiments may use)",
    )
    add_config(parser)
    parser.add_argument(
        "--corpus", nargs="+", default=[], metavar="CORPUS", help="the same, as an option"
    )
    parser.add_argument(
        "--manifests",
        type=Path,
        metavar="FOLDER",
        help="read the manifests in this folder (results/corpus) instead of the corpora",
    )


def run(given: argparse.Namespace) -> None:
    """Check the corpora."""
    from mavsr.corpus.check import check

    check(given.configfile, [*given.corpora, *given.corpus] or None, given.manifests)
