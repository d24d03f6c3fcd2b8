"""Print or write what is said in video files, however long, at one rate or at all of them.

A file of one utterance is a line: its name, a tab, and the text. Longer ones are cut into
utterances; of several faces the one that speaks is looked at. A model of task asr also takes audio
files; one of task vsr takes videos without audio. A file that cannot be used is named on stderr and
does not stop the others; the exit status is then 2. With --output, a stopped call goes on where it
was if it is made again.

Example:
  mavsr transcribe results/training/MODEL talk.mp4 --scale 4,2 --format srt --output talk.srt
"""

import argparse
from pathlib import Path

from mavsr.cli.options import add_model, add_search, searching


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_model(parser)
    parser.add_argument("files", type=Path, nargs="+", metavar="VIDEO", help="files of any length")
    rates = parser.add_mutually_exclusive_group(required=True)
    rates.add_argument(
        "--scale",
        metavar="RATES",
        help="rates such as 4,2 (audio, video), 4 for one modality, or a4_v2; all for every one",
    )
    rates.add_argument(
        "--budget",
        metavar="FLOPS",
        help="the finest scale at which 10 s cost the LLM at most so much: 0.5tflops, 20gflops",
    )
    rates.add_argument(
        "--realtime",
        action="store_true",
        help="the finest scale that keeps up with the recording on this machine",
    )
    parser.add_argument(
        "--start",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="where to begin in the files",
    )
    parser.add_argument(
        "--end",
        type=float,
        metavar="SECONDS",
        help="where to end (default: the end of the file)",
    )
    parser.add_argument(
        "--format",
        choices=("text", "srt", "vtt", "json"),
        default="text",
        help="srt and vtt are subtitles; json has all that is known",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write there instead of printing; a folder for several files",
    )
    parser.add_argument(
        "--burn", type=Path, metavar="VIDEO", help="also write the video with subtitles drawn in"
    )
    parser.add_argument(
        "--mux", type=Path, metavar="VIDEO", help="also write the video with a track of subtitles"
    )
    add_search(parser)
    parser.add_argument(
        "--crops",
        type=Path,
        metavar="FOLDER",
        help="also write the mouth crops that the model sees, as FOLDER/<name>.mkv",
    )


def run(given: argparse.Namespace) -> None:
    """Transcribe the files."""
    from mavsr.recognition.recogniser import Recogniser
    from mavsr.recognition.transcribe import Wish, transcribe

    model = Recogniser(given.model, **searching(given))
    wish = Wish(
        scale=given.scale,
        budget=given.budget,
        realtime=given.realtime,
        start=given.start,
        end=given.end,
        crops=given.crops,
        form=given.format,
        output=given.output,
        burn=given.burn,
        mux=given.mux,
    )
    transcribe(model, given.files, wish)
