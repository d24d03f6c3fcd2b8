"""Looking through a clip once, and what is read again where that was not enough."""

import numpy as np
import pytest

from mavsr.errors import InputError
from mavsr.mouths import following as module
from mavsr.mouths.align import crop_mouths, mouth_crops
from mavsr.mouths.faces import Faces, largest
from mavsr.mouths.following import Following
from mavsr.mouths.landmarks import find_landmarks

SIZE = 200
FACE = np.array([[-20.0, -15], [20, -15], [0, 10], [0, 30]])


class Clip:
    """Random pictures, and how often they were read."""

    def __init__(self, count):
        scene = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
        self.frames, self.readings = [scene.copy() for _ in range(count)], 0

    def __iter__(self):
        self.readings += 1
        return iter(self.frames)

    def look(self, places):
        """Finds faces of a centre and size for every frame, as ``places(number)`` tells."""
        numbers = {frame.ctypes.data: number for number, frame in enumerate(self.frames)}

        def look(frames):
            for frame in frames:
                found = places(numbers[frame.ctypes.data])
                boxes = [(x - 30 * s, y - 30 * s, x + 30 * s, y + 40 * s) for (x, y), s in found]
                points = [FACE * s + (x, y) for (x, y), s in found]
                yield (
                    Faces(np.array(boxes) / SIZE, np.array(points), np.ones(len(found)))
                    if found
                    else Faces.none()
                )

        return look

    def find(self, places, every=4):
        look = self.look(places)
        detector = type("Detector", (), {"looks": lambda self: [look]})()
        return find_landmarks(self, detector, every)


def one(number):
    return [((100, 100), 1.0)]


def two(number):
    """The left face leads for 40 frames, until the right one has grown."""
    return [((60, 80), 1.0), ((150, 80), 0.8 if number < 40 else 1.2)]


def test_a_clip_of_one_face_is_read_once_and_cropped_on_the_way():
    clip = Clip(90)
    found = clip.find(one)
    assert clip.readings == 1
    assert np.array_equal(
        np.stack(found.crops), crop_mouths(np.stack(clip.frames), found.landmarks)
    )


def test_who_leads_in_the_end_is_followed_from_the_beginning():
    clip = Clip(200)
    found = clip.find(two)
    assert clip.readings == 2 and found.crops is None
    assert not np.isnan(found.landmarks).any()
    assert (found.landmarks[:, 2, 0] > 120).all(), "the right face has more room in the end"


def test_a_face_that_is_missing_for_a_while_is_cropped_later():
    clip = Clip(60)
    found = clip.find(lambda number: [] if 20 <= number < 28 else one(number))
    assert found.crops is None
    assert np.flatnonzero(np.isnan(found.landmarks[:, 0, 0])).tolist() == list(range(20, 28))


@pytest.mark.parametrize("places", [one, two])
def test_frames_too_large_to_be_held_are_read_again_with_the_same_result(places, monkeypatch):
    held = Clip(120).find(places)
    monkeypatch.setattr(module, "_MOST_BYTES", 10 * SIZE * SIZE * 3)
    clip = Clip(120)
    again = clip.find(places)
    assert clip.readings == 2 and again.crops is None
    assert np.array_equal(again.landmarks, held.landmarks) and again.looks == held.looks


def test_large_frames_are_used_before_many_are_held(monkeypatch):
    monkeypatch.setattr(module, "_ENOUGH_BYTES", 4 * SIZE * SIZE * 3)
    clip, shown = Clip(90), []
    following = Following(clip, clip.look(one), 4)
    following.read(lambda people: people, lambda _, frames: shown.append(list(frames)))
    assert sorted({number for numbers in shown for number in numbers}) == list(range(90))
    assert max(len(numbers) for numbers in shown) <= 9
    trail = following.trail(largest(following.people))
    assert clip.readings == 1 and not np.isnan(trail.landmarks(90)).any()


def test_a_crop_that_cannot_be_made_is_left_to_who_says_why(monkeypatch):
    monkeypatch.setitem(globals(), "FACE", FACE * 0)
    clip = Clip(30)
    found = clip.find(one, every=1)
    assert found.crops is None
    with pytest.raises(InputError, match="frame 0: the landmarks coincide"):
        next(mouth_crops(clip, found.landmarks))
