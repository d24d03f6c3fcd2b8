"""Measure how long a model takes for files at its scales: seconds, tokens per second, memory.

Encoders are part of it, finding mouths is a column of its own. Run it on a machine that does
nothing else. The table has a row per file and scale; means over files are printed.

Example:
  mavsr time results/training/MODEL talk.mp4 other.mp4 --output times.csv
"""

import argparse
from pathlib import Path

from mavsr.cli.options import add_model, add_search, searching


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_model(parser)
    parser.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="VIDEO",
        help="files of one utterance each, about as long as those the model was trained on",
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="the table, as CSV"
    )
    parser.add_argument(
        "--scale",
        dest="scales",
        action="append",
        default=[],
        metavar="RATES",
        help="rates such as 4,2; may be given several times (default: all scales of the model)",
    )
    parser.add_argument(
        "--warmup", type=int, default=1, metavar="N", help="runs that are thrown away"
    )
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="runs that are timed")
    add_search(parser)
    parser.add_argument(
        "--threads", type=int, default=1, metavar="N", help="processor threads that are used"
    )


def run(given: argparse.Namespace) -> None:
    """Measure."""
    import torch

    from mavsr.recognition.recogniser import Recogniser
    from mavsr.recognition.timing import measure

    torch.set_num_threads(max(given.threads, 1))
    model = Recogniser(given.model, **searching(given))
    measure(model, given.files, given.output, given.scales, given.warmup, given.repeats)
