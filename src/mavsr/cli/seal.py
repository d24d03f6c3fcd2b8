"""Take over models that have no digests, or give a model the setup of another config.

A model made by an earlier version is refused by everything that reads it, because damage to it
would go unseen. This looks at it (its files are whole, of its LLM and of its encoders, its numbers
finite) and writes digests and setup into its run.json. Seal only what you know the origin of: what
was damaged before is not found. Nothing that was made of the model is made again.

Example:
  mavsr seal results/training/MODEL --configfile workflow/configs/paper.yaml
"""

import argparse
from pathlib import Path

from mavsr.cli.options import add_config


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "models", type=Path, nargs="+", metavar="MODEL", help="folders of trained models"
    )
    add_config(parser)


def run(given: argparse.Namespace) -> None:
    """Seal each model; one that is refused is named and does not stop the others."""
    import logging

    from mavsr.config.read import read_config
    from mavsr.errors import InputError
    from mavsr.recognition.seal import seal

    config = read_config(given.configfile)
    refused = 0
    for model in given.models:
        try:
            for name, digest in seal(model, config).items():
                print(f"{digest}  {model / name}")
        except InputError as error:
            logging.error("%s", error)
            refused += 1
    if refused:
        raise InputError(f"{refused} of {len(given.models)} models are not sealed; see above")
