"""Give digests to models and data of an earlier version, or a model the setup of another config.

What has no digests is refused by everything that reads it, because damage would go unseen. This
looks first: at a model (its files are whole, of its LLM and of its encoders, its numbers finite),
at shards, tables and records (each against what must be in it). Seal only what you know the origin
of: what was damaged before may stay unseen. Times are kept, so nothing is made again for it.

Example:
  mavsr seal results/training/MODEL --configfile workflow/configs/paper.yaml
"""

import argparse
from pathlib import Path

from mavsr.cli.options import add_config


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "paths",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="folders of trained models; shards, tables or records, or folders of these",
    )
    add_config(parser)


def run(given: argparse.Namespace) -> None:
    """Seal each path; one that is refused is named and does not stop the others."""
    import logging

    from mavsr.config.read import read_config
    from mavsr.errors import InputError
    from mavsr.seal import seal_data

    config = read_config(given.configfile)
    refused = 0
    for path in given.paths:
        try:
            if (path / "run.json").is_file():
                from mavsr.recognition.seal import seal  # with torch, which data do without

                for name, digest in seal(path, config).items():
                    print(f"{digest}  {path / name}")
            else:
                for file in seal_data(path):
                    print(f"sealed  {file}")
        except InputError as error:
            logging.error("%s", error)
            refused += 1
    if refused:
        raise InputError(f"{refused} of {len(given.paths)} are not sealed; see above")
