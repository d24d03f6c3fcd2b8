"""Which of several faces speaks: how often lips and loudness tell it on the embedded corpus.

Two counts, by ``mavsr.mouths.lips`` and ``mavsr.mouths.people``: of pairs of clips, the audio of
one and the mouths of both, how often its own mouth agrees better (both people speak, each another
sentence); and of utterances of a talk beside a listener, how often the speaker is taken.
Wanted: 0.85 of the pairs, and every utterance of the talk.

    python benchmarks/speaker.py
"""

import itertools

import numpy as np

from mavsr.command import run_command
from mavsr.mouths.align import mouth_crops
from mavsr.mouths.detectors import load_detector
from mavsr.mouths.landmarks import find_landmarks
from mavsr.mouths.lips import agreement, loudness, opening
from mavsr.mouths.people import choose_speaker, find_people
from mavsr.toy.portrait.clip import FRAME_SIZE, render, write_script
from mavsr.toy.portrait.settings import PortraitSettings
from mavsr.toy.portrait.talk import turns

EVERY = 4


def speaker(clips: int = 12, seconds: float = 120.0) -> None:
    """Print both counts.

    Args:
        clips: of the test speakers, each paired with each other.
        seconds: length of the talk.
    """
    settings, detector = PortraitSettings(), load_detector("mediapipe")
    mouths, heard = [], []
    for number in range(clips):
        name = f"test/t{number % settings.test_speakers:03d}/{500 + number:05d}"
        script = write_script(settings, name)
        frames = render(settings, name, script)
        landmarks = find_landmarks(frames, detector, EVERY).landmarks
        mouths.append(opening(mouth_crops(frames, landmarks)))
        heard.append(loudness(script.audio, script.frames))
    right = 0
    for own, other in itertools.permutations(range(clips), 2):
        length = min(len(mouths[own]), len(mouths[other]))
        level = heard[own][:length]
        right += agreement(mouths[own][:length], level) > agreement(mouths[other][:length], level)
    print(f"of two who speak: {right} of {clips * (clips - 1)} pairs")
    taken = total = 0
    for turn in turns(settings, seconds, seed=1):
        if turn.shot not in ("left", "right"):
            continue
        frames = np.stack([*turn.frames(settings)])
        people = find_people(frames, detector, EVERY)
        shots = choose_speaker(people, frames, turn.script.audio)
        longest = max(shots, key=lambda shot: shot.last - shot.first)
        total += 1
        if longest.track is not None:
            x = np.nanmean(people.landmarks[longest.track][longest.first : longest.last, 3, 0])
            taken += (x < FRAME_SIZE) == (turn.shot == "left")
    print(f"of a speaker and a listener: {taken} of {total} utterances")


if __name__ == "__main__":
    run_command(speaker)
