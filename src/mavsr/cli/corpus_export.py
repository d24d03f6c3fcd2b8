"""Write a corpus' mouth crops in auto_avsr's layout, which the papers' public code reads.

The finished splits go to OUTPUT/<dataset>/<dataset>_video_seg16s/<split>/ (.mp4 and .wav) and
OUTPUT/labels/ (one list per split). The column token_ids holds a 0; docs/data.md says why.

Example:
  mavsr corpus export lrs3 /data/auto_avsr --workers 8
"""

import argparse
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("corpus", metavar="CORPUS", help="a name under `corpora` in the config")
    parser.add_argument("output", type=Path, metavar="OUTPUT", help="folder to write into")
    parser.add_argument("--dataset", metavar="NAME", help="its name there (default: the corpus')")
    parser.add_argument(
        "--crf", type=int, default=10, help="quality of the H.264 videos, 0 (best) to 51"
    )
    parser.add_argument("--workers", type=int, default=1, help="shards written at the same time")
    parser.add_argument(
        "--results", type=Path, default=Path("results"), metavar="FOLDER", help="of the workflow"
    )


def run(given: argparse.Namespace) -> None:
    """Export the crops."""
    from mavsr.corpus.export import export

    export(given.corpus, given.output, given.dataset, given.crf, given.workers, given.results)
