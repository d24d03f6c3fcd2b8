"""What must not pass for a mouth that speaks is dropped with its reason, or remarked on."""

import re

import numpy as np
import pytest
from odd_videos import write
from trees import manifest_row
from videos import write_mp4

from mavsr.errors import InputError
from mavsr.mouths.align import MEAN_FACE
from mavsr.mouths.clip import CropSettings
from mavsr.mouths.crop import crop_clip
from mavsr.mouths.guard import CropCheck, check_face
from mavsr.mouths.landmarks import Found
from mavsr.mouths.reel import held_memory

SOUND = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)


def found(landmarks=None, share=1.0, cuts=()):
    landmarks = np.repeat(MEAN_FACE[None], 9, axis=0) if landmarks is None else landmarks
    seen = np.flatnonzero(~np.isnan(landmarks).any(axis=(1, 2)))
    return Found(landmarks, seen, np.ones(len(seen)), share, 9, cuts)


def result(path, **settings):
    row = manifest_row("a", path, duration_s=2.0)
    return crop_clip(row, CropSettings(detect_every=4, **settings), held_memory())


def test_a_face_from_in_front_is_beyond_doubt():
    assert check_face(found(), 0.6) == []


def test_a_face_in_few_frames_is_dropped_with_the_cuts_that_may_be_why():
    assert check_face(found(share=0.6), 0.6) == ["face in 60 % of the frames"]
    with pytest.raises(InputError, match=r"face in 59 % .* min_face_share 0.6; the shot changes"):
        check_face(found(share=0.59, cuts=(25,)), 0.6)
    with pytest.raises(InputError, match=r"changes at 1\.0, 2\.0, 3\.0, \.\.\. s"):
        check_face(found(share=0.1, cuts=(25, 50, 75, 100)), 0.6)


def test_a_jump_and_a_cut_are_remarked_on():
    landmarks = np.repeat(MEAN_FACE[None], 9, axis=0)
    landmarks[5:] += [40, 0]
    assert check_face(found(landmarks, cuts=(5,)), 0.6) == [
        "landmarks jump by 0.7 distances of the eyes",
        "shot changes at 0.2 s",
    ]


@pytest.mark.parametrize("angle", [0, 30, 90, 180])
def test_a_turned_face_is_one_and_beyond_sixty_degrees_it_is_said(angle):
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turned = MEAN_FACE @ np.array([[c, s], [-s, c]])
    remarks = check_face(found(np.repeat(turned[None], 9, axis=0)), 0.6)
    # The mean face itself is turned by 0.7 degrees.
    assert remarks == ([f"face turned by {angle - 1} degrees"] if angle > 60 else [])


def test_points_that_are_no_faces_are_dropped():
    mouth_above = MEAN_FACE.copy()
    mouth_above[3, 1] = 60
    with pytest.raises(InputError, match="the points are no face's"):
        check_face(found(np.repeat(mouth_above[None], 9, axis=0)), 0.6)


def crops_of(crop, count=5):
    check = CropCheck()
    assert len(list(check.watch([crop] * count))) == count
    return check


def test_crops_of_nothing_and_of_black_are_dropped():
    noise = np.random.default_rng(0).integers(1, 256, (96, 96, 3), dtype=np.uint8)
    assert crops_of(noise).judge() == []
    with pytest.raises(InputError, match=r"grey levels deviate by 0\.0"):
        crops_of(np.full((96, 96, 3), 90, np.uint8)).judge()
    third, most = noise.copy(), noise.copy()
    third[64:], most[30:] = 0, 0
    assert crops_of(third).judge() == ["33 % of the crop is black"]
    with pytest.raises(InputError, match="outside of the frame"):
        crops_of(most).judge()


def test_a_picture_that_stands_still_is_remarked_on(tmp_path, portrait):
    # For two seconds there is no frame, as in a stream that froze or a file with a hole.
    times = [*range(20), *range(70, 80)]
    path = write(
        tmp_path / "still.mp4",
        portrait[:30],
        np.resize(SOUND, 16 * 3200)[None],
        times=times,
        rate=16_000,
    )
    still, _ = result(path)
    # Smoothing moves the crops near to its beginning and end.
    assert still.kept and re.fullmatch(r"the picture stands still for 1\.[5-9] s", still.remarks)
    slow = write_mp4(tmp_path / "slow.mp4", portrait[::5], SOUND, rate=5)
    moving, _ = result(slow)
    assert moving.kept and moving.remarks == ""


def test_a_close_up_with_a_face_in_few_frames_is_dropped(tmp_path, portrait):
    wall = np.random.default_rng(0).integers(0, 256, (28, 28, 3), dtype=np.uint8)
    frames = np.repeat(np.kron(wall, np.ones((8, 8, 1), np.uint8))[None], 50, axis=0)
    frames[:3] = portrait[:3]
    entry, fields = result(write_mp4(tmp_path / "a.mp4", frames, SOUND))
    assert not fields and "less than min_face_share 0.6" in entry.reason
    entry, fields = result(tmp_path / "a.mp4", min_face_share=0.0)
    assert entry.kept and "face in" in entry.remarks and entry.face_share < 0.2


def test_an_upside_down_face_is_dropped(tmp_path, portrait):
    path = write_mp4(tmp_path / "a.mp4", portrait[:, ::-1, ::-1].copy(), SOUND)
    assert result(path)[0].reason == "the face is upside down; turn the video"


def test_two_speakers_cut_together_are_not_one_clip(tmp_path, portrait):
    """At 1 s the picture becomes another with its face elsewhere."""
    scene = np.full((50, 224, 448, 3), 60, np.uint8)
    scene[:25, :, :224] = portrait[:25]
    scene[25:] = 200
    scene[25:, :, 224:] = portrait[25:, :, ::-1]
    entry, fields = result(write_mp4(tmp_path / "a.mp4", scene, SOUND))
    assert not fields and "the shot changes at 1.0 s" in entry.reason
    assert entry.face_share == pytest.approx(0.5, abs=0.05)
