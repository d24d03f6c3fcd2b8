import cv2
import numpy as np
import pytest

from mavsr.errors import InputError
from mavsr.mouths import crop_mouths, detect_landmarks
from mavsr.mouths.align import MEAN_FACE, fill_missing, smooth, warp_part


def test_crops_equal_the_worked_case(portrait, worked_case):
    assert np.array_equal(crop_mouths(portrait, worked_case["landmarks"]), worked_case["mouths"])


def test_crops_with_missing_frames_equal_the_worked_case(portrait, worked_case):
    landmarks = worked_case["landmarks"].astype(float)
    landmarks[worked_case["missing"]] = np.nan
    assert np.array_equal(crop_mouths(portrait, landmarks), worked_case["mouths_with_missing"])


def test_missing_landmarks_are_interpolated_and_held_at_the_edges():
    landmarks = np.full((7, 4, 2), np.nan)
    landmarks[2], landmarks[5] = 10.0, 40.0
    filled = fill_missing(landmarks)
    assert filled[:, 0, 0].tolist() == [10, 10, 10, 20, 30, 40, 40]


def test_smoothing_keeps_each_centre_and_averages_the_shape():
    random = np.random.default_rng(0)
    landmarks = random.normal(0, 5, (30, 4, 2))
    smoothed = smooth(landmarks)
    assert np.allclose(smoothed.mean(axis=1), landmarks.mean(axis=1))
    shape = landmarks - landmarks.mean(axis=1, keepdims=True)
    for i, first, last in ((0, 0, 0), (3, 0, 6), (15, 9, 21), (28, 27, 29)):
        expected = shape[first : last + 1].mean(axis=0)
        assert np.allclose(smoothed[i] - smoothed[i].mean(axis=0), expected)


def test_smoothing_leaves_its_input_alone():
    landmarks = np.random.default_rng(0).normal(0, 5, (9, 4, 2))
    before = landmarks.copy()
    smooth(landmarks)
    assert np.array_equal(landmarks, before)


@pytest.mark.parametrize("count", [1, 2])
def test_tiny_clips(portrait, worked_case, count):
    crops = crop_mouths(portrait[:count], worked_case["landmarks"][:count])
    assert crops.shape == (count, 96, 96, 3) and crops.dtype == np.uint8


def test_a_face_already_in_place_is_cut_out_around_its_mouth():
    frame = np.random.default_rng(0).integers(0, 256, (1, 256, 256, 3), dtype=np.uint8)
    crop = crop_mouths(frame, MEAN_FACE[None])[0]
    left, top = np.rint(MEAN_FACE[3] - 48).astype(int)
    assert np.array_equal(crop, frame[0, top : top + 96, left : left + 96])


def test_face_partly_out_of_frame_gives_black_beyond_the_border(portrait):
    cut = portrait[:3, :150]
    crops = crop_mouths(cut, detect_landmarks(cut))
    whole = crop_mouths(portrait[:3], detect_landmarks(portrait[:3]))
    assert crops.shape == (3, 96, 96, 3)
    assert (crops[:, -1] == 0).all() and crops[:, :60].mean() > 20
    assert (whole[:, -1] > 0).any()


@pytest.mark.parametrize("shift", [(90, 0), (0, 90), (-250, 0), (0, 600)])
def test_mouth_beyond_the_aligned_picture_keeps_the_crop_size(portrait, worked_case, shift):
    landmarks = worked_case["landmarks"][:1].astype(float)
    landmarks[0, 3] += shift
    assert crop_mouths(portrait[:1], landmarks).shape == (1, 96, 96, 3)


def test_no_landmarks_at_all(portrait):
    with pytest.raises(InputError, match="no face"):
        crop_mouths(portrait[:2], np.full((2, 4, 2), np.nan))


def test_coinciding_landmarks_are_an_error(portrait):
    with pytest.raises(InputError, match="frame 0: the landmarks coincide"):
        crop_mouths(portrait[:1], np.full((1, 4, 2), 50.0))


def test_disagreeing_shapes_are_named(portrait, worked_case):
    with pytest.raises(InputError, match=r"\(50, 4, 2\)"):
        crop_mouths(portrait[:2], worked_case["landmarks"])


@pytest.mark.parametrize("seed", range(5))
def test_a_part_of_the_aligned_picture_is_what_opencv_makes_of_the_whole(seed):
    random = np.random.default_rng(seed)
    for _ in range(40):
        height, width, top, left = random.integers((60, 60, 0, 0), (400, 400, 160, 160))
        frame = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        angle, scale = random.uniform(-1.5, 1.5), np.exp(random.uniform(-1.5, 1.5))
        c, s = scale * np.cos(angle), scale * np.sin(angle)
        x, y = random.uniform(-150, 150, 2)
        transform = np.array([[c, -s, x], [s, c, y]])
        whole = cv2.warpAffine(frame, transform, (256, 256))
        part = warp_part(frame, transform, slice(top, top + 96), slice(left, left + 50))
        assert np.array_equal(part, whole[top : top + 96, left : left + 50])


def test_a_part_far_outside_is_black(portrait):
    tiny = np.array([[1e-3, 0, 0], [0, 1e-3, 0]])
    part = warp_part(portrait[0], tiny, slice(100, 196), slice(100, 196))
    assert not part.any()
