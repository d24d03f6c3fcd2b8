"""Show a model's rates on a web page of this machine: upload or record a video, move the rates.

The page is on the loopback address alone. Uploads are kept in a temporary folder until the server
ends. Nothing is asked of any other machine.

Example:
  mavsr serve results/training/MODEL
"""

import argparse

from mavsr.cli.options import add_model, add_quantization


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_model(parser)
    add_quantization(parser)
    parser.add_argument(
        "--port", type=int, default=7860, metavar="N", help="where it listens; 0 takes a free one"
    )


def run(given: argparse.Namespace) -> None:
    """Serve the page until it is interrupted."""
    from mavsr.page.serve import serve

    serve(given.model, given.port, given.quantization)
