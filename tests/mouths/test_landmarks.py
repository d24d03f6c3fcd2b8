import subprocess
import sys

import numpy as np
import pytest

from mavsr.errors import InputError
from mavsr.mouths import detect_landmarks
from mavsr.mouths.faces import Faces
from mavsr.mouths.landmarks import find_landmarks


def test_detection_reproduces_the_worked_case(portrait, worked_case):
    assert np.array_equal(detect_landmarks(portrait), worked_case["landmarks"])


def test_a_single_frame(portrait, worked_case):
    assert np.array_equal(detect_landmarks(portrait[7:8]), worked_case["landmarks"][7:8])


def test_detector_keeps_no_state_between_clips(portrait, worked_case):
    detect_landmarks(portrait[::-1])
    assert np.array_equal(detect_landmarks(portrait[:5]), worked_case["landmarks"][:5])


def test_frames_without_a_face_are_nan(portrait, worked_case):
    frames = portrait[:6].copy()
    frames[[0, 3]] = 0
    landmarks = detect_landmarks(frames)
    missing = np.isnan(landmarks).all(axis=(1, 2))
    assert missing.tolist() == [True, False, False, True, False, False]
    assert np.array_equal(landmarks[~missing], worked_case["landmarks"][[1, 2, 4, 5]])


def test_no_face_at_all_names_the_remedy():
    with pytest.raises(InputError, match="no face in any frame; check"):
        detect_landmarks(np.zeros((3, 100, 120, 3), np.uint8))


@pytest.mark.parametrize("large_first", [True, False])
def test_largest_of_two_faces_counts(portrait, large_first):
    scene = np.zeros((1, 224, 448, 3), np.uint8)
    small = portrait[0, ::2, ::2]
    left = 0 if large_first else 224
    scene[0, :, left : left + 224] = portrait[0]
    scene[0, 56:168, 280 - left : 392 - left] = small
    landmarks = detect_landmarks(scene)[0]
    eyes = np.linalg.norm(landmarks[0] - landmarks[1])
    assert (left <= landmarks[:, 0]).all() and (landmarks[:, 0] < left + 224).all()
    assert eyes > 30


def test_detect_every_looks_at_both_ends_and_interpolates(portrait, worked_case):
    full = worked_case["landmarks"]
    landmarks = detect_landmarks(portrait[:12], detect_every=4)
    assert np.array_equal(landmarks[[0, 4, 8, 11]], full[[0, 4, 8, 11]])
    assert np.abs(landmarks[2] - (full[0] + full[4]) / 2).max() < 2
    assert not np.isnan(landmarks).any()


class Seer:
    """A detector that finds what it is told, whatever the frames show."""

    def __init__(self, landmarks):
        self.landmarks = landmarks

    def looks(self):
        return [self.look]

    def look(self, frames):
        for frame in frames:
            points = self.landmarks[int(frame[0, 0, 0])]
            box = np.array([[0.0, 0.0, 50.0, 50.0]])
            yield Faces.none() if np.isnan(points).any() else Faces(box, points[None])


def numbered(count):
    return np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, 2, 2, 3))


def path_of(*coefficients, count=31):
    values = np.polynomial.polynomial.polyval(np.arange(count), coefficients)
    return np.broadcast_to(values[:, None, None], (count, 4, 2)).copy()


@pytest.mark.parametrize("every", [1, 3, 5, 7])
def test_a_steady_move_is_interpolated_exactly_up_to_the_ends(every):
    truth = path_of(10, -2.5)
    assert np.allclose(find_landmarks(numbered(31), Seer(truth), every), truth)


def test_an_accelerated_move_is_interpolated_exactly_inside():
    truth = path_of(10, -2.5, 0.3)
    found = find_landmarks(numbered(31), Seer(truth), 5)
    assert np.allclose(found[5:26], truth[5:26])
    assert np.abs(found - truth).max() < 2


def test_interpolation_beside_a_failed_look_uses_the_looks_that_are_there():
    truth = path_of(10, -2.5)
    seen = truth.copy()
    seen[10] = np.nan
    found = find_landmarks(numbered(31), Seer(seen), 5)
    missing = np.isnan(found).any(axis=(1, 2))
    assert np.flatnonzero(missing).tolist() == list(range(6, 15))
    assert np.allclose(found[~missing], truth[~missing])


def test_another_way_of_looking_is_tried_only_if_the_first_saw_nothing():
    class Twice(Seer):
        def looks(self):
            return [Seer(np.full((31, 4, 2), np.nan)).look, self.look]

    truth = path_of(1, 1)
    assert np.allclose(find_landmarks(numbered(31), Twice(truth), 5), truth)


def test_detect_every_leaves_frames_beside_a_failed_look_missing(portrait):
    frames = portrait[:9].copy()
    frames[4] = 0
    missing = np.isnan(detect_landmarks(frames, detect_every=4)).any(axis=(1, 2))
    assert missing.tolist() == [False] + [True] * 7 + [False]


@pytest.mark.parametrize(
    "arguments", [{"detector": "dlib"}, {"detect_every": 0}], ids=["detector", "detect_every"]
)
def test_wrong_settings_are_named(portrait, arguments):
    with pytest.raises(InputError, match=next(iter(arguments))):
        detect_landmarks(portrait[:1], **arguments)


def test_wrong_frames_are_named(portrait):
    with pytest.raises(InputError, match="float64"):
        detect_landmarks(portrait[:1] / 255)


def test_native_code_stays_silent():
    program = (
        "import numpy as np; from mavsr.mouths.detectors import load_detector;"
        "list(load_detector('mediapipe').looks()[0]([np.zeros((96, 96, 3), np.uint8)]));"
        "import os; os.write(2, b'own words')"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert run.stderr == b"own words"
