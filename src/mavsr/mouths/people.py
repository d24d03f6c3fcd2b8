"""All people of a clip with several shots, and of them the one who speaks.

A corpus' clip shows one person, the largest (:mod:`mavsr.mouths.landmarks`). A talk is cut, and
shows several at once. Here every face is followed through its shot, and between two places where
the picture may be cut the face counts whose lips move with the audio (:mod:`mavsr.mouths.lips`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mavsr.errors import InputError
from mavsr.mouths.align import mouth_crops
from mavsr.mouths.detectors import Detector
from mavsr.mouths.faces import Look, Person
from mavsr.mouths.following import Following
from mavsr.mouths.landmarks import ENOUGH, Found
from mavsr.mouths.lips import agreement, loudness, opening

_LEAST_FRAMES = 12
"""Over fewer frames lips say nothing; the largest face counts."""

_LEAST_SHARE = 0.5
"""A face that is seen in a smaller share of the looks between two cuts is passing by."""


@dataclass(frozen=True)
class Shot:
    """Frames that show one face, from ``first`` to before ``last``.

    Attributes:
        first: number of the first frame.
        last: number of the first frame after them.
        track: whose face it is; None if nobody's was seen.

    """

    first: int
    last: int
    track: int | None


@dataclass(frozen=True)
class People:
    """The faces of a clip.

    Attributes:
        count: frames of the clip.
        planned: frames that were looked at by plan.
        cuts: frames that begin a new shot.
        doubts: frames that may begin one.
        tracks: one per person and shot.
        landmarks: of each track, float64 (count, 4, 2) pixels; NaN where it is not.
        way: which of the detector's ways of looking found them.
        looks: how many frames were looked at.

    """

    count: int
    planned: tuple[int, ...]
    cuts: tuple[int, ...]
    doubts: tuple[int, ...]
    tracks: tuple[Person, ...]
    landmarks: tuple[np.ndarray, ...]
    way: int
    looks: int

    @property
    def share(self) -> float:
        """Share of the planned looks that found any face."""
        return float(np.mean([any(n in t.boxes for t in self.tracks) for n in self.planned]))

    def found(self, shots: Sequence[Shot]) -> Found:
        """The face that counts in each of ``shots``, as one, for :mod:`mavsr.mouths.guard`."""
        landmarks = np.full((self.count, 4, 2), np.nan)
        scores: dict[int, float] = {}
        for shot in shots:
            if shot.track is not None:
                span = slice(shot.first, shot.last)
                landmarks[span] = self.landmarks[shot.track][span]
                track = self.tracks[shot.track]
                scores |= {n: s for n, s in track.scores.items() if shot.first <= n < shot.last}
        share = float(np.mean([number in scores for number in self.planned]))
        seen = np.array(sorted(scores), int)
        certainty = np.array([scores[number] for number in seen.tolist()])
        return Found(landmarks, seen, certainty, share, self.looks, self.cuts, self.way)


def find_people(frames: Iterable[np.ndarray], detector: Detector, detect_every: int = 1) -> People:
    """Find and follow all faces of a clip.

    Args:
        frames: as for :func:`mavsr.mouths.landmarks.find_landmarks`, like the others.
        detector: who looks.
        detect_every: look at every n-th frame and on both sides of what may be a cut.

    """
    if detect_every < 1:
        raise InputError(f"detect_every is {detect_every}; it must be 1 or more")
    best: People | None = None
    for way, look in enumerate(detector.looks()):
        found = _find(frames, look, detect_every, way)
        if best is None or found.share > best.share:
            best = found
        if best.share >= ENOUGH:
            break
    if best is None:
        raise InputError("the detector has no way of looking")
    return best


def _find(frames: Iterable[np.ndarray], look: Look, every: int, way: int) -> People:
    following = Following(frames, look, every)
    following.read(lambda people: [one for one in people if len(one.boxes) > 1])
    # One look in a clip is a detector's slip as often as a face.
    single = len(following.numbers) == 1
    tracks = [one for one in following.people if len(one.boxes) > 1 or single]
    trails = [following.trail(track) for track in tracks]
    people = [trail.whole for trail in trails]
    landmarks = [trail.landmarks(following.count) for trail in trails]
    for person, points in zip(people, landmarks, strict=True):
        ends = min(person.boxes), max(person.boxes)
        points[: ends[0]] = points[ends[1] + 1 :] = np.nan
    return People(
        following.count,
        tuple(following.planned),
        tuple(following.cuts.certain),
        tuple(following.cuts.doubtful),
        tuple(people),
        tuple(landmarks),
        way,
        len(following.numbers) + sum(len(trail.looked_at) for trail in trails),
    )


def choose_speaker(
    people: People, frames: Iterable[np.ndarray], audio: np.ndarray | None
) -> list[Shot]:
    """Between any two cuts, the face that speaks.

    Where one face is seen it counts. Of several the one counts whose mouth agrees best with the
    loudness; without audio, the one whose mouth moves most.

    Args:
        people: from :func:`find_people`.
        frames: the same frames; read again for each face where there are several.
        audio: (N,) at 16 kHz from the first frame on; None if nothing is heard.

    Returns:
        Shots that follow each other from the first frame to the last; neighbours differ in track.

    """
    edges = sorted({0, people.count, *people.cuts, *people.doubts})
    spans = list(pairwise(edges))
    seen = [_candidates(people, span) for span in spans]
    asked = sorted({track for candidates in seen if len(candidates) > 1 for track in candidates})
    opened = {track: _opening(people.landmarks[track], frames) for track in asked}
    heard = None if audio is None else loudness(audio, people.count)
    shots: list[Shot] = []
    for (first, last), candidates in zip(spans, seen, strict=True):
        track = _speaker(people, (first, last), candidates, opened, heard)
        if shots and shots[-1].track == track:
            first = shots.pop().first
        shots.append(Shot(first, last, track))
    return shots


def _candidates(people: People, span: tuple[int, int]) -> list[int]:
    """Tracks that are there in most looks of a span, or else the one that is there most."""
    first, last = span
    looks = [number for number in people.planned if first <= number < last]
    inside = [sum(first <= number < last for number in track.boxes) for track in people.tracks]
    there = [t for t, n in enumerate(inside) if n and n >= _LEAST_SHARE * len(looks)]
    if there or not any(inside):
        return there
    return [int(np.argmax(inside))]


def _opening(landmarks: np.ndarray, frames: Iterable[np.ndarray]) -> np.ndarray:
    """Opening (T,) of a track's mouth in all frames; 0 where the track is not."""
    there = np.flatnonzero(~np.isnan(landmarks).any(axis=(1, 2)))
    first, last = there[0], there[-1] + 1
    part = (frame for number, frame in enumerate(frames) if first <= number < last)
    opened = np.zeros(len(landmarks))
    opened[first:last] = opening(mouth_crops(part, landmarks[first:last]))
    return opened


def _speaker(
    people: People,
    span: tuple[int, int],
    candidates: list[int],
    opened: dict[int, np.ndarray],
    heard: np.ndarray | None,
) -> int | None:
    if len(candidates) < 2:
        return candidates[0] if candidates else None
    first, last = span
    if last - first < _LEAST_FRAMES:
        return max(candidates, key=lambda track: people.tracks[track].area)
    part = {track: opened[track][first:last] for track in candidates}
    if heard is None:
        return max(candidates, key=lambda track: part[track].std())
    return max(candidates, key=lambda track: agreement(part[track], heard[first:last]))
