"""Print Whisper's own word error rate on the test split, for each Whisper that models hear with.

Its own decoder transcribes the audio that the features are made of: what it does not recognise, a
model over its tokens hardly will. Clips must be cropped already (`snakemake features` does that).

Example:
  mavsr yardstick --configfile workflow/configs/pretrained.yaml
"""

import argparse
from pathlib import Path

from mavsr.cli.options import add_config


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_config(parser)
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("results"),
        metavar="FOLDER",
        help="where crops and manifests are looked for",
    )


def run(given: argparse.Namespace) -> None:
    """Print the rates."""
    from mavsr.config.read import read_config
    from mavsr.recognition.yardstick import yardstick

    for line in yardstick(read_config(given.configfile), given.results):
        print(line)
