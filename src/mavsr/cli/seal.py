"""Take over models and data that have no digests, or give a model the setup of another config.

What an earlier version made is refused by everything that reads it, because damage to it would go
unseen. This looks at it (a model's files are whole, of its LLM and of its encoders, its numbers
finite; a shard fits its ledger and index) and writes digests: of a model into its run.json, with
its setup. Seal only what you know the origin of: what was damaged before is not found. Times of
files are kept, so nothing that was made of them is made again. Other paths are folders or files of
data, such as results/mouths/lrs3.

Example:
  mavsr seal results/training/MODEL --configfile workflow/configs/paper.yaml
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from mavsr.cli.options import add_config


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "paths",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="folders of trained models, or files and folders of data",
    )
    add_config(parser)


def run(given: argparse.Namespace) -> None:
    """Seal each path; one that is refused is named and does not stop the others."""
    import logging

    from mavsr.errors import InputError

    refused = 0
    for path in given.paths:
        try:
            for line in _sealed(path, given.configfile):
                print(line)
        except InputError as error:
            logging.error("%s", error)
            refused += 1
    if refused:
        raise InputError(f"{refused} of {len(given.paths)} paths are not sealed; see above")


def _sealed(path: Path, configfile: list[Path]) -> Iterator[str]:
    if (path / "run.json").exists():
        from mavsr.config.read import read_config
        from mavsr.recognition.seal import seal

        for name, digest in seal(path, read_config(configfile)).items():
            yield f"{digest}  {path / name}"
    else:
        from mavsr.seal import seal_data

        sealed = [*map(str, seal_data(path))]
        yield from sealed or [f"{path}: nothing lacks a checksum that has a place for one"]
