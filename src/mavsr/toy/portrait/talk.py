"""A long video of the embedded corpus' speakers: utterances with pauses, cuts, two people at once.

``python -m mavsr.toy.portrait.talk --output talk.mp4 --seconds 600``

For trying out what takes long videos. Every shot shows the speaker alone, the speaker beside
somebody who listens, or, now and then, no face. Beside the video, ``<name>.json`` says who speaks
when, to the sample.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from mavsr.command import run_command
from mavsr.files import atomic
from mavsr.media import FRAME_RATE, SAMPLE_RATE, SAMPLES_PER_FRAME
from mavsr.media.opening import ffmpeg_name
from mavsr.seeds import generator
from mavsr.toy.portrait.clip import FRAME_SIZE, Script, render, write_script
from mavsr.toy.portrait.settings import PortraitSettings
from mavsr.toy.portrait.speech import Span

PAUSE_S = (0.6, 2.0)
_SHOTS = ("alone", "left", "right", "slide")
_SHARES = (0.45, 0.25, 0.25, 0.05)
"""How often each shot comes: the speaker in the middle, beside a listener, a slide without face."""

_NOISE = 6e-4
_BACKGROUND = 90


@dataclass(frozen=True)
class Line:
    """An utterance of a talk.

    Attributes:
        start: when its first word begins, seconds.
        end: when its last word ends.
        text: what is said.
        shot: ``alone``, ``left`` or ``right`` of a listener, or ``slide`` if nobody is seen.

    """

    start: float
    end: float
    text: str
    shot: str


@dataclass(frozen=True)
class Turn:
    """One shot of a talk.

    Attributes:
        script: audio with the pause behind it.
        speaker: name of the clip whose speaker speaks.
        listener: likewise, for who is beside the speaker.
        shot: see :class:`Line`.

    """

    script: Script
    speaker: str
    listener: str
    shot: str

    def line(self, begin: float) -> Line:
        """What is said, if the turn begins at ``begin`` seconds."""
        words = self.script.words
        text = " ".join(word.name for word in words)
        return Line(begin + words[0].start, begin + words[-1].end, text, self.shot)

    def frames(self, settings: PortraitSettings) -> Iterator[np.ndarray]:
        """RGB uint8 (224, 448, 3), one by one."""
        count = self.script.frames
        canvas = np.full((FRAME_SIZE, 2 * FRAME_SIZE, 3), _BACKGROUND, np.uint8)
        if self.shot == "slide":
            cv2.putText(canvas, "figure", (120, 120), cv2.FONT_HERSHEY_SIMPLEX, 2, (255,) * 3, 3)
            for _ in range(count):
                yield canvas
            return
        speaking = render(settings, self.speaker, self.script)
        if self.shot == "alone":
            for frame in speaking:
                canvas[:, FRAME_SIZE // 2 :][:, :FRAME_SIZE] = frame
                yield canvas
            return
        rest = (Span("_", 0.0, count / FRAME_RATE),)
        silent = Script(np.zeros(count * SAMPLES_PER_FRAME, np.float32), (), rest)
        pair = [speaking, render(settings, self.listener, silent)]
        for both in zip(*(pair if self.shot == "left" else pair[::-1]), strict=True):
            yield np.concatenate(both, axis=1)


def turns(settings: PortraitSettings, seconds: float, seed: int = 0) -> Iterator[Turn]:
    """Shots of about ``seconds`` together, in voices and faces of the corpus' test speakers."""
    draw = generator("portrait talk", settings.seed, str(seed))
    total, number = 0.0, 0
    while total < seconds:
        first, second = draw.choice(settings.test_speakers, 2, replace=False)
        names = [f"test/t{speaker:03d}/{900 + number:05d}" for speaker in (first, second)]
        script = write_script(settings, names[0])
        pause = round(draw.uniform(*PAUSE_S) * FRAME_RATE) * SAMPLES_PER_FRAME
        noise = draw.normal(0, _NOISE, pause).astype(np.float32)
        script = replace(script, audio=np.concatenate([script.audio, noise]))
        shot = str(draw.choice(_SHOTS, p=_SHARES))
        yield Turn(script, names[0], names[1], shot)
        total, number = total + script.frames / FRAME_RATE, number + 1


def make_talk(
    output: Path,
    seconds: float = 60.0,
    settings: PortraitSettings = PortraitSettings(),  # noqa: B008 (frozen)
    seed: int = 0,
) -> list[Line]:
    """Write a talk and what is said in it when.

    Args:
        output: the video to write (.mp4); ``<name>.json`` beside it holds the lines.
        seconds: about how long.
        settings: of the corpus whose speakers speak.
        seed: of utterances, pauses and shots.

    """
    lines: list[Line] = []
    begin = 0
    with atomic(output) as partial, av.open(ffmpeg_name(partial), "w", format="mp4") as container:
        video: Any = container.add_stream("libx264", rate=FRAME_RATE)
        video.height, video.width = FRAME_SIZE, 2 * FRAME_SIZE
        video.pix_fmt, video.options = "yuv420p", {"preset": "superfast", "crf": "21"}
        audio: Any = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        for turn in turns(settings, seconds, seed):
            lines.append(turn.line(begin / FRAME_RATE))
            block = av.AudioFrame.from_ndarray(turn.script.audio[None], "fltp", "mono")
            block.sample_rate, block.time_base = SAMPLE_RATE, Fraction(1, SAMPLE_RATE)
            block.pts = begin * SAMPLES_PER_FRAME
            container.mux(audio.encode(block))
            for number, frame in enumerate(turn.frames(settings), start=begin):
                picture = av.VideoFrame.from_ndarray(frame)
                picture.pts = number
                container.mux(video.encode(picture))
            begin += turn.script.frames
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    with atomic(output.with_suffix(".json")) as partial:
        partial.write_text(json.dumps([asdict(line) for line in lines], indent=1))
    return lines


if __name__ == "__main__":
    run_command(make_talk)
