"""What is said in video files, printed or written in one of several formats."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path

from mavsr.errors import InputError
from mavsr.files import atomic
from mavsr.model.scales import Scale
from mavsr.recognition.choose import RealTime, within
from mavsr.recognition.cues import cues
from mavsr.recognition.formats import FORMATS, SUFFIXES, in_a_line
from mavsr.recognition.places import as_text, check_read, check_written
from mavsr.recognition.recogniser import Recogniser
from mavsr.recognition.segment import Segment, only
from mavsr.recognition.spans import check_part
from mavsr.recognition.subtitled import burn, check_container, mux
from mavsr.recognition.talk import finished, transcribe_talk
from mavsr.recognition.transcript import Transcript


@dataclass(frozen=True)
class Wish:
    """At which scale, of which part, and in which form.

    Attributes:
        scale: rates such as ``4,2``, or ``all``; None if a budget or real time decides.
        budget: such as ``0.5tflops``; see :mod:`mavsr.recognition.choose`.
        realtime: take the finest scale that keeps up with the recording.
        start: where to begin in the files, seconds.
        end: where to end, seconds; the end of the file if None.
        crops: folder for the mouth crops that the model sees, ``<name>.mkv``; only of files of one
            utterance, and none for asr.
        form: a name in :data:`mavsr.recognition.formats.FORMATS`.
        output: file to write; a folder for several files. Printed if None.
        burn: video to write with subtitles in the picture.
        mux: video to write with subtitles as a track.

    """

    scale: str | None = None
    budget: str | None = None
    realtime: bool = False
    start: float = 0.0
    end: float | None = None
    crops: Path | None = None
    form: str = "text"
    output: Path | None = None
    burn: Path | None = None
    mux: Path | None = None

    @property
    def timed(self) -> bool:
        """Whether times of utterances are asked for, also of a short file."""
        return self.form != "text" or bool(self.burn or self.mux)

    def scales(self, model: Recogniser) -> list[Scale]:
        """Those at which the recording is read at first, the one that counts first."""
        if self.budget:
            return [within(self.budget, model.costs())]
        return model.chosen("all" if self.scale is None else self.scale)


def transcribe(model: Recogniser, videos: list[Path], wish: Wish) -> None:
    """Print or write what is said in each of some files.

    A file that cannot be used is named and does not stop the others.

    Args:
        model: the trained model.
        videos: the files.
        wish: how.

    Raises:
        InputError: the model does not serve the scale, or a file has no transcript; the others
            are printed first.
    """
    _check(model, videos, wish)
    scales = wish.scales(model)
    if any(video.is_file() for video in videos):
        _ = model.loaded  # what is wrong with the model is no file's fault
    refused = 0
    for video in videos:
        try:
            check_read(video)
            target = _target(video, videos, wish)
            segments = _transcribed(model, video, scales, wish, target)
        except InputError as error:
            logging.error("%s: %s", video, str(error).removeprefix(f"{video}: "))
            refused += 1
            continue
        _give(video, segments, wish, target)
    if refused:
        raise InputError(f"{refused} of {len(videos)} files have no transcript; see above")


def _transcribed(
    model: Recogniser, video: Path, scales: list[Scale], wish: Wish, target: Path | None
) -> list[Segment]:
    settle = RealTime(scales) if wish.realtime else None
    if wish.timed or not model.takes_whole(video, wish.start, wish.end):
        if wish.crops:
            raise InputError("--crops takes one utterance; choose it by --start and --end")
        return transcribe_talk(model, video, scales, wish.start, wish.end, settle, target)
    begun = time.perf_counter()
    clip = model.read(video, wish.start, wish.end, scales)
    if wish.crops and "mkv" in clip:
        with atomic(_crops(video, wish.crops)) as partial:
            partial.write_bytes(clip["mkv"])
    segment = model.utterance(video, clip, scales, wish.start)
    if not settle:
        return [segment]
    decoding = sum(reading.seconds for reading in segment.readings.values())
    return [only(segment, settle([segment], time.perf_counter() - begun - decoding))]


def _give(video: Path, segments: list[Segment], wish: Wish, target: Path | None) -> None:
    """Print a file's transcript, or write it."""
    scales = list(segments[0].readings)
    text = FORMATS[wish.form](segments, scales, {"file": as_text(video.name)})
    if target is not None:
        with atomic(target) as partial:
            partial.write_text(text, encoding="utf-8")
        finished(target)
    elif wish.form == "text" and len(scales) == 1:
        print(f"{video}\t{in_a_line(Transcript(segments, scales))}", flush=True)
    else:
        print(f"{video}\n{text}" if wish.form == "text" else text, end="", flush=True)
    for write, output in ((burn, wish.burn), (mux, wish.mux)):
        if output:
            write(video, cues(segments, scales[0]), output)


def _target(video: Path, videos: list[Path], wish: Wish) -> Path | None:
    """Where a file's transcript goes; None if it is printed."""
    if wish.output is None or (len(videos) == 1 and not wish.output.is_dir()):
        return wish.output
    return wish.output / f"{video.stem}{SUFFIXES[wish.form]}"


def _crops(video: Path, folder: Path) -> Path:
    """Where a file's mouth crops go."""
    return folder / f"{video.stem}.mkv"


def _check(model: Recogniser, videos: list[Path], wish: Wish) -> None:
    """Refuse what would write two files' results to one place, or over a file that is read."""
    check_part(wish.start, wish.end)
    for place in (wish.burn, wish.mux):
        if place:
            check_container(place)
    crops = None if model.task == "asr" else wish.crops
    names = [video.stem for video in videos]
    double = next((name for name in names if names.count(name) > 1), None)
    for option, place in (("--crops", crops), ("--output", wish.output)):
        if double and place:
            what = "crops" if option == "--crops" else "transcripts"
            raise InputError(
                f"{option}: two files are called {double}, so their {what} would have one name; "
                "transcribe one after the other"
            )
    if len(videos) > 1:
        if wish.burn or wish.mux:
            raise InputError("--burn and --mux write one video; give one file")
        if wish.output and wish.output.exists() and not wish.output.is_dir():
            raise InputError(f"--output {wish.output} is a file; give a folder for several files")
    targets = [_target(video, videos, wish) for video in videos]
    seen = [_crops(video, crops) for video in videos] if crops else []
    check_written([place for place in (*targets, *seen, wish.burn, wish.mux) if place], videos)
