import cv2
import numpy as np
import pytest

from mavsr.mouths import detect_landmarks
from mavsr.mouths.faces import Faces, Tracks, largest


def face(x, y, size, mark):
    """Box and points of a face; all points are its mark, so that a test knows whose they are."""
    half = size / 2
    return [x - half, y - half, x + half, y + half], np.full((4, 2), float(mark))


def look(*faces):
    if not faces:
        return Faces.none()
    boxes, points = zip(*faces, strict=True)
    return Faces(np.array(boxes, float) / 400, np.stack(points), np.ones(len(faces)))


def marks(looks, every=1, cuts=(), doubts=()):
    """Whose face was followed in each look, NaN where nobody's was."""
    tracks = Tracks()
    for number, faces in enumerate(looks):
        tracks.take(every * number, faces, cuts, doubts)
    seen = largest(tracks.people).points
    nobody = np.full((4, 2), np.nan)
    return [seen.get(every * number, nobody)[0, 0] for number in range(len(looks))]


@pytest.mark.parametrize("order", [1, -1])
def test_the_track_stays_with_one_person_when_sizes_swap(order):
    """Left is larger in the first six looks of ten, right in the last four."""
    looks = []
    for number in range(10):
        left, right = (50, 40) if number < 6 else (40, 50)
        looks.append(look(*[face(60, 60, left, 1), face(180, 60, right, 2)][::order]))
    assert marks(looks) == [1] * 10


def test_the_largest_total_area_wins_not_the_longest_track():
    looks = [look(face(60, 60, 20, 1), face(180, 60, 90, 2)) for _ in range(3)]
    looks += [look(face(60, 60, 20, 1)) for _ in range(5)]
    found = marks(looks)
    assert found[:3] == [2, 2, 2] and np.isnan(found[3:]).all()


def test_people_who_cross_are_not_swapped():
    looks = []
    for x in range(0, 200, 5):
        looks.append(look(face(200 - x, 50, 44, 2), face(x, 120, 50, 1)))
    assert marks(looks) == [1] * 40


def test_a_face_lost_for_a_while_is_taken_up_again():
    looks = [look(face(60, 60, 50, 1), face(180, 60, 30, 2))] * 3
    looks += [look(face(180, 60, 30, 2))] * 2
    looks += [look(face(66, 60, 50, 1), face(180, 60, 30, 2))] * 3
    found = marks(looks)
    assert found[:3] == found[5:] == [1, 1, 1] and np.isnan(found[3:5]).all()


def test_a_fast_head_is_followed_between_looks_although_its_boxes_do_not_overlap():
    looks = [look(face(60 * number, 60, 65, 1)) for number in range(5)]
    assert marks(looks, every=5) == [1] * 5


def test_whoever_sits_beside_somebody_who_is_lost_is_not_taken_for_them():
    """One leaves in the third look, the neighbour, a box's width away, is seen from then on."""
    for every in (1, 5):
        looks = [look(face(60, 60, 50, 1))] * 3 + [look()] * 2 + [look(face(108, 60, 48, 2))] * 2
        found = marks(looks, every=every)
        assert found[:3] == [1] * 3 and np.isnan(found[3:]).all()
    # From one frame to the next nobody moves by a box's width.
    looks = [look(face(60, 60, 50, 1))] * 3 + [look(face(108, 60, 48, 2))] * 2
    assert np.isnan(marks(looks)[3:]).all()


def test_a_face_of_another_size_is_somebody_else():
    looks = [look(face(60, 60, 80, 1))] * 2 + [look(face(60, 60, 30, 2))] * 2
    assert np.isnan(marks(looks)[2:]).all()


def test_a_track_ends_at_a_cut_and_goes_on_at_a_doubtful_one_only_at_its_place():
    same = [look(face(60, 60, 50, 1))] * 3 + [look(face(60, 60, 50, 2))] * 2
    moved = [look(face(60, 60, 50, 1))] * 3 + [look(face(80, 60, 50, 2))] * 2
    assert np.isnan(marks(same, cuts=[3])[3:]).all()
    assert marks(same, doubts=[3]) == [1, 1, 1, 2, 2]
    assert marks(moved) == [1, 1, 1, 2, 2]
    assert np.isnan(marks(moved, doubts=[3])[3:]).all()


def test_faces_are_compared_relative_to_the_frame():
    """The same face after the frame's size doubled."""
    small, large = look(face(60, 60, 50, 1)), face(120, 120, 100, 1)
    doubled = Faces(np.array([large[0]], float) / 800, large[1][None], np.ones(1))
    assert marks([small, doubled]) == [1, 1]


def test_a_face_out_of_reach_is_someone_else():
    found = marks(
        [look(face(50, 50, 40, 1)), look(face(50, 50, 40, 1)), look(face(250, 50, 45, 2))]
    )
    assert found[:2] == [1, 1] and np.isnan(found[2])


def test_no_face_at_all():
    assert np.isnan(marks([Faces.none()] * 3)).all()


def test_two_real_faces_whose_sizes_swap_in_the_middle(portrait):
    """The portrait beside itself; the right one is shrunk in 7 of 12 frames, the left in 5."""
    count = 12
    scene = np.full((count, 224, 448, 3), 90, np.uint8)
    for number in range(count):
        for side in (0, 1):
            small = (number < 7) == (side == 1)
            size = 190 if small else 224
            start = (224 - size) // 2
            picture = cv2.resize(portrait[number], (size, size), interpolation=cv2.INTER_AREA)
            left = 224 * side + start
            scene[number, start : start + size, left : left + size] = picture
    landmarks = detect_landmarks(scene)
    assert (landmarks[..., 0] < 224).all()
    # Frame by frame the right one would have been taken.
    assert (detect_landmarks(scene[11:])[..., 0] > 224).all()
