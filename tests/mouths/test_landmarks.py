import subprocess
import sys

import numpy as np
import pytest

from mavsr.errors import InputError
from mavsr.mouths import detect_landmarks


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
