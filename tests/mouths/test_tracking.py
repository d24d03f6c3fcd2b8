"""Between looks: what is followed, where is looked again, and how near it comes to every frame."""

import cv2
import numpy as np
import pytest

from mavsr.mouths import detect_landmarks
from mavsr.mouths.detectors import load_detector
from mavsr.mouths.faces import Faces
from mavsr.mouths.flow import flow
from mavsr.mouths.landmarks import find_landmarks

FACE = np.array([[80.0, 80], [120, 80], [100, 105], [100, 125]])


class Seer:
    """A detector that finds what it is told, and counts how often it is asked."""

    def __init__(self, frames, landmarks):
        self.numbers = {frame.ctypes.data: number for number, frame in enumerate(frames)}
        self.landmarks, self.asked = landmarks, []

    def looks(self):
        return [self.look]

    def look(self, frames):
        for frame in frames:
            number = self.numbers[frame.ctypes.data]
            self.asked.append(number)
            points = self.landmarks[number]
            low, high = (points.min(axis=0) - 20) / 200, (points.max(axis=0) + 20) / 200
            seen = Faces(np.concatenate([low, high])[None], points[None], np.ones(1))
            yield Faces.none() if np.isnan(points).any() else seen


def texture(seed=0, size=400):
    """Smooth random picture, of whose parts none is like another."""
    coarse = np.random.default_rng(seed).integers(0, 256, (size // 8, size // 8, 3))
    return cv2.resize(coarse.astype(np.uint8), (size, size), interpolation=cv2.INTER_CUBIC)


def panned(path, seed=0):
    """A picture of 200x200 that moves along ``path`` (T, 2) in whole pixels; frames, landmarks."""
    scene = texture(seed)
    frames = [np.ascontiguousarray(scene[100 - y : 300 - y, 100 - x : 300 - x]) for x, y in path]
    return frames, FACE + np.array(path)[:, None]


def still(count):
    return np.zeros((count, 2), int)


def test_points_move_with_the_picture():
    frames, truth = panned([(2 * t, -t) for t in range(6)])
    assert np.abs(flow(frames, truth[0], truth[-1]) - truth).max() < 0.2


def test_a_large_face_is_followed_in_a_smaller_copy():
    frames, truth = panned([(t, t) for t in range(5)])
    large = [cv2.resize(frame, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC) for frame in frames]
    expected = (truth + 0.5) * 4 - 0.5
    assert np.abs(flow(large, expected[0], expected[-1]) - expected).max() < 1.5


def test_what_cannot_be_followed_is_said():
    frames, truth = panned(still(3))
    assert flow(frames, truth[0] * 0, truth[0] * 0) is None
    assert flow([frames[0], frames[1][:100]], truth[0], truth[0]) is None
    outside = truth[0] + [500, 0]
    assert flow(frames, outside, outside) is None


def test_a_still_head_is_looked_at_by_plan_only():
    frames, truth = panned(still(21))
    seer = Seer(frames, truth)
    found = find_landmarks(frames, seer, 5)
    assert seer.asked == [0, 5, 10, 15, 20] and found.looks == 5 and found.share == 1
    assert np.allclose(found.landmarks, truth, atol=0.05)


def test_a_swinging_head_is_followed_between_looks():
    """It swings once in 8 frames: of every fourth frame alone it seems to stand still."""
    path = np.rint(4 * np.sin(np.arange(25) / 4 * np.pi))[:, None] * [1, 0]
    frames, truth = panned(path.astype(int))
    found = find_landmarks(frames, Seer(frames, truth), 4)
    assert np.ptp(truth[::4, 0, 0]) == 0
    assert np.abs(found.landmarks - truth).max() < 0.5


def test_where_looks_and_picture_disagree_it_is_looked_again():
    """The detector sees a jump of one eye distance that the picture does not show."""
    frames, truth = panned(still(17))
    truth = truth.copy()
    truth[6:] += [20, 0]
    truth[6:] += [20, 0]
    seer = Seer(frames, truth)
    found = find_landmarks(frames, seer, 8)
    assert {5, 6} <= set(seer.asked) and len(seer.asked) < 9
    assert np.abs(found.landmarks - truth).max() < 0.5


def test_one_who_is_lost_between_two_looks_is_looked_for():
    frames, truth = panned(still(17))
    truth = truth.copy()
    truth[11:] = np.nan
    found = find_landmarks(frames, Seer(frames, truth), 8)
    missing = np.isnan(found.landmarks).any(axis=(1, 2))
    assert np.flatnonzero(missing).tolist() == [11, 12, 13, 14, 15, 16]
    assert found.share == pytest.approx(2 / 3)


def test_flat_pictures_are_looked_at_in_every_frame():
    frames = [np.full((200, 200, 3), 90, np.uint8) for _ in range(9)]
    truth = FACE + np.arange(9)[:, None, None]
    seer = Seer(frames, truth)
    assert np.abs(find_landmarks(frames, seer, 4).landmarks - truth).max() < 3


def test_looks_stand_as_they_are_and_the_portrait_is_followed(portrait, worked_case):
    full = worked_case["landmarks"]
    found = find_landmarks(portrait, load_detector("mediapipe"), 4)
    assert np.array_equal(found.landmarks[::4], full[::4])
    assert not np.isnan(found.landmarks).any() and found.looks < 30
    assert np.abs(found.landmarks - full).mean() < 1


def test_every_frame_is_not_followed_at_all(portrait, worked_case):
    found = find_landmarks(portrait, load_detector("mediapipe"), 1)
    assert np.array_equal(found.landmarks, worked_case["landmarks"]) and found.looks == 50


def test_a_cut_between_two_people_ends_the_first(portrait):
    """The portrait, then its mirror image in a scene of another kind, at the same place."""
    other = 255 - portrait[:, :, ::-1] // 2
    other[:, 60:170, 60:170] = portrait[:, 60:170, 60:170]
    frames = np.concatenate([portrait[:30], other[:20]])
    for every in (1, 4):
        found = find_landmarks(frames, load_detector("mediapipe"), every)
        assert found.cuts == (30,)
        assert not np.isnan(found.landmarks[:30]).any() and np.isnan(found.landmarks[30:]).all()


def test_another_way_of_looking_is_tried_if_the_first_saw_little():
    frames, truth = panned(still(20))
    few, some = truth.copy(), truth.copy()
    few[2:], some[15:] = np.nan, np.nan

    class Twice(Seer):
        def looks(self):
            return [Seer(frames, few).look, self.look]

    found = find_landmarks(frames, Twice(frames, some), 1)
    assert found.way == 1 and found.share == 0.75

    class Worse(Seer):
        def looks(self):
            return [Seer(frames, few).look, Seer(frames, truth * np.nan).look]

    assert find_landmarks(frames, Worse(frames, truth), 1).way == 0


def test_detect_every_reaches_both_ends(portrait, worked_case):
    landmarks = detect_landmarks(portrait[:12], detect_every=4)
    assert np.array_equal(landmarks[[0, 4, 8, 11]], worked_case["landmarks"][[0, 4, 8, 11]])
