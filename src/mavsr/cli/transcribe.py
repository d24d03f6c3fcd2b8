"""Print what is said in video files, a line each: the file's name, a tab, and the text.

A model of task asr also takes audio files; one of task vsr takes videos without audio. A file that
cannot be used is named on stderr and does not stop the others; the exit status is then 2.

Example:
  mavsr transcribe results/training/MODEL talk.mp4 other.mp4 --scale 4,2
"""

import argparse
from pathlib import Path

from mavsr.cli.options import add_model, add_scale


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
    add_scale(parser)
    parser.add_argument(
        "--start",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="where the utterance begins in the files",
    )
    parser.add_argument(
        "--end",
        type=float,
        metavar="SECONDS",
        help="where it ends (default: the end of the file)",
    )
    parser.add_argument(
        "--beams", type=int, metavar="N", help="beam width (default: the model's setup)"
    )
    parser.add_argument(
        "--max-new-tokens",
        type=int,
        metavar="N",
        help="longest text, in tokens of the LLM (default: the model's setup)",
    )
    parser.add_argument(
        "--crops",
        type=Path,
        metavar="FOLDER",
        help="also write the mouth crops that the model sees, as FOLDER/<name>.mkv",
    )


def run(given: argparse.Namespace) -> None:
    """Transcribe the files."""
    from mavsr.recognition.recogniser import Recogniser
    from mavsr.recognition.transcribe import transcribe

    model = Recogniser(given.model, beams=given.beams, max_new_tokens=given.max_new_tokens)
    transcribe(model, given.scale, given.files, given.start, given.end, given.crops)
