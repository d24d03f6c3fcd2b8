"""All people of a clip, and which of them speaks."""

import numpy as np

from mavsr.mouths.faces import Faces
from mavsr.mouths.lips import agreement, loudness, opening
from mavsr.mouths.people import Shot, choose_speaker, find_people

SIZE = 200
LEFT, RIGHT = 20, 120
FACE = np.array([[-15, -20], [15, -20], [0, 0], [0, 15]])
"""Eyes, nose, mouth about the middle of a face of 60 pixels."""


class Seer:
    """Finds the faces that are told to be in each frame; frame numbers are its first pixel."""

    def __init__(self, places):
        self.places = places

    def looks(self):
        def look(frames):
            for frame in frames:
                found = self.places[int(frame[0, 0, 0])]
                boxes = [[x / SIZE, 0.3, (x + 60) / SIZE, 0.6] for x in found]
                points = [FACE + np.array([x + 30, 100]) for x in found]
                yield Faces(
                    np.array(boxes).reshape(-1, 4),
                    np.array(points, float).reshape(-1, 4, 2),
                    np.full(len(found), 0.9),
                )

        return [look]


def scene(count, mouths=None, cut=None):
    """Frames with mouths (x -> openness (T,)), and another background from ``cut`` on."""
    draw = np.random.default_rng(0)
    patterns = [draw.integers(60, 200, (SIZE, SIZE, 1), np.uint8).repeat(3, 2) for _ in range(2)]
    frames = np.stack([patterns[int(cut is not None and n >= cut)] for n in range(count)])
    for x, opened in (mouths or {}).items():
        for n in range(count):
            frames[n, 80:140, x : x + 60] = 180
            tall = round(8 * float(opened[n]))
            frames[n, 115 - tall : 115 + tall, x + 20 : x + 40] = 20
    frames[:, 0, 0, 0] = range(count)
    return frames


def syllables(count, seed):
    """Openness (T,) of a mouth from 0 to 1, as of speech."""
    draw = np.random.default_rng(seed)
    knots = draw.uniform(0, 1, count // 3 + 2)
    return np.interp(np.arange(count), np.arange(len(knots)) * 3, knots)


def sound(openness):
    carrier = np.random.default_rng(1).normal(0, 0.1, (len(openness), 640))
    return (carrier * np.maximum(openness, 0.01)[:, None]).ravel().astype(np.float32)


def test_people_are_followed_side_by_side_and_through_cuts():
    frames = scene(60, cut=30)
    places = {n: [LEFT, RIGHT] if n < 30 else [RIGHT] for n in range(60)}
    people = find_people(frames, Seer(places), 2)
    assert people.cuts == (30,)
    spans = sorted((min(t.boxes), max(t.boxes)) for t in people.tracks)
    assert [(a // 10, b // 10) for a, b in spans] == [(0, 2), (0, 2), (3, 5)]
    for track, landmarks in zip(people.tracks, people.landmarks, strict=True):
        there = ~np.isnan(landmarks).any(axis=(1, 2))
        assert there[min(track.boxes) : max(track.boxes) + 1].all()
        assert there.sum() == max(track.boxes) - min(track.boxes) + 1


def test_the_one_whose_mouth_opens_with_the_audio_speaks():
    spoken, other = syllables(60, 3), syllables(60, 4)
    for speaker in (LEFT, RIGHT):
        mouths = {LEFT: other, RIGHT: other, speaker: spoken}
        frames = scene(60, mouths)
        people = find_people(frames, Seer({n: [LEFT, RIGHT] for n in range(60)}), 1)
        [shot] = choose_speaker(people, frames, sound(spoken))
        assert (shot.first, shot.last) == (0, 60)
        mouth = np.nanmean(people.landmarks[shot.track][:, 3, 0])
        assert abs(mouth - (speaker + 30)) < 2
        assert people.found([shot]).share == 1


def test_of_a_moving_and_a_resting_mouth_the_moving_one_counts_without_audio():
    frames = scene(60, {LEFT: np.full(60, 0.5), RIGHT: syllables(60, 5)})
    people = find_people(frames, Seer({n: [LEFT, RIGHT] for n in range(60)}), 1)
    [shot] = choose_speaker(people, frames, None)
    assert abs(np.nanmean(people.landmarks[shot.track][:, 3, 0]) - (RIGHT + 30)) < 2


def test_each_shot_has_its_own_face_or_none():
    frames = scene(60, cut=30)
    places = {n: [LEFT] if n < 30 else [] for n in range(60)}
    people = find_people(frames, Seer(places), 1)
    assert choose_speaker(people, frames, None) == [Shot(0, 30, 0), Shot(30, 60, None)]
    assert people.found([Shot(0, 30, 0), Shot(30, 60, None)]).share == 0.5


def test_agreement_is_for_the_mouth_that_opens_where_it_is_loud():
    spoken, other = syllables(80, 6), syllables(80, 7)
    heard = loudness(sound(spoken), 80)
    assert agreement(10 * spoken, heard) > agreement(10 * other, heard) + 0.2
    assert agreement(10 * spoken, heard) > agreement(0.5 * spoken, heard)
    assert agreement(np.ones(80), heard) == 0
    assert not loudness(np.zeros(51_200, np.float32), 80).any()


def test_opening_does_not_see_the_light():
    crops = np.full((3, 96, 96, 3), 150, np.uint8)
    crops[1, 40:60, 36:60] = 20
    crops[2] = 90
    opened = opening(crops)
    assert opened[1] > opened[0] + 50 and opened[2] == opened[0]
