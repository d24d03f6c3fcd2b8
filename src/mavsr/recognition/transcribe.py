"""Print what is said in video files, according to a trained model at one of its scales."""

import logging
from pathlib import Path

from mavsr.errors import InputError
from mavsr.recognition.recogniser import Recogniser


def transcribe(
    model: Recogniser,
    scale: str,
    videos: list[Path],
    start: float = 0.0,
    end: float | None = None,
    crops: Path | None = None,
) -> None:
    """Print a line per file: its name, a tab, and what is said in it.

    A file that cannot be used is named and does not stop the others.

    Args:
        model: the trained model.
        scale: rates such as ``4,2`` (audio, video), ``4`` for one modality, or ``a4_v2``.
        videos: files of one utterance each.
        start: where the utterance begins in the files, seconds.
        end: where it ends, seconds; the end of the file if not given.
        crops: folder for the mouth crops that the model sees, ``<name>.mkv``; none for asr.

    Raises:
        InputError: the model does not serve the scale, or a file has no transcript; the others
            are printed first.
    """
    chosen = model.scale(scale)
    _check_names(videos, crops if chosen.video else None)
    refused = 0
    for video in videos:
        try:
            if not video.is_file():
                raise InputError("no such file")
            clip = model.read(video, start, end, chosen)
            if crops and "mkv" in clip:
                crops.mkdir(parents=True, exist_ok=True)
                (crops / f"{video.stem}.mkv").write_bytes(clip["mkv"])
            tokens = model.tokens(video, clip)
        except InputError as error:
            logging.error("%s: %s", video, error)
            refused += 1
            continue
        print(f"{video}\t{model.decode(video, tokens, chosen)}", flush=True)
    if refused:
        raise InputError(f"{refused} of {len(videos)} files have no transcript; see above")


def _check_names(videos: list[Path], crops: Path | None) -> None:
    """Refuse two files whose crops would have one name."""
    names = [video.stem for video in videos]
    if crops and (double := [name for name in names if names.count(name) > 1]):
        raise InputError(
            f"--crops: two files are called {double[0]}, so their crops would have one name; "
            "transcribe one after the other"
        )
