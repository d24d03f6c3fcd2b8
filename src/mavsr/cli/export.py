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

    parser.add_argument(
        *("--to-hub-layout", "--to_hub_layout"),
        action="store_true",
        help="also write a model card (data, rates, WERs, licences), ready for `hf upload`",
    )
    parser.add_argument(
        "--scores",
        type=Path,
        default=Path("results/wer.csv"),
        metavar="FILE",
        help="where the card takes the model's WERs from",
    )


def run(given: argparse.Namespace) -> None:
    """Export the scale."""
    if given.to_hub_layout:
        from mavsr.recognition.card import export_for_hub

        export_for_hub(given.model, given.scale, given.output, given.scores)
        return
    from mavsr.model.export import export

    export(given.model, given.scale, given.output)
