"""Write what one scale of a trained model needs, for use without this project.

LoRA methods give an adapter that plain peft.PeftModel.from_pretrained(llm, FOLDER) reads, MoME
methods their experts; the scale's projectors and marker rows lie beside it.

Example:
  mavsr export results/training/MODEL --scale 16,5 --output small
"""

import argparse
from pathlib import Path

from mavsr.cli.options import add_model, add_scale


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_model(parser)
    add_scale(parser)
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="the folder to write; it must be new or empty",
    )


def run(given: argparse.Namespace) -> None:
    """Export the scale."""
    from mavsr.model.export import export

    export(given.model, given.scale, given.output)
