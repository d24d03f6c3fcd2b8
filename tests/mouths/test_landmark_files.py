import pickle

import numpy as np
import pytest

from mavsr.errors import InputError
from mavsr.mouths.landmark_files import find_file, read_landmarks


def points(frame):
    """68 points whose four means are easy to name."""
    marks = np.zeros((68, 2), np.float32)
    for part, value in (((36, 42), 1), ((42, 48), 2), ((31, 36), 3), ((48, 68), 4)):
        marks[slice(*part)] = value
    return marks + 10 * frame


def expected(frames):
    return np.stack([[[v + 10 * f] * 2 for v in (1, 2, 3, 4)] for f in frames])


@pytest.fixture
def write(tmp_path):
    def write(entries, name="clip.pkl", protocol=4):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(entries, protocol=protocol))
        return path

    return write


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_68_points_become_four(write, protocol):
    path = write([points(0), None, points(2)], protocol=protocol)
    landmarks = read_landmarks(path, 0.0, 3)
    assert np.allclose(landmarks[[0, 2]], expected([0, 2])) and np.isnan(landmarks[1]).all()


@pytest.mark.parametrize("name", ["landmarks", "facial_landmarks"])
def test_entries_may_be_dictionaries(write, name):
    path = write([{name: points(0), "bbox": [1, 2, 3, 4]}, {name: None}])
    landmarks = read_landmarks(path, 0.0, 2)
    assert np.allclose(landmarks[0], expected([0])[0]) and np.isnan(landmarks[1]).all()


def test_one_array_or_plain_lists_do_too(write):
    frames = np.stack([points(f) for f in range(4)])
    for entries in (frames, frames.tolist(), tuple(frames)):
        assert np.allclose(read_landmarks(write(entries), 0.0, 4), expected(range(4)))


def test_a_segment_takes_its_own_frames(write):
    path = write([points(f) for f in range(100)])
    assert np.allclose(read_landmarks(path, 1.2, 25), expected(range(30, 55)))


def test_a_frame_or_two_may_be_missing_at_the_end(write):
    landmarks = read_landmarks(write([points(f) for f in range(8)]), 0.0, 10)
    assert np.allclose(landmarks[:8], expected(range(8))) and np.isnan(landmarks[8:]).all()
    with pytest.raises(InputError, match="landmarks of 8 frames; the clip needs frames 0 to 10"):
        read_landmarks(write([points(f) for f in range(8)]), 0.0, 11)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([None, None], "no face in any frame"),
        ([points(0)[:5], None], "frame 0: neither None nor 68 points"),
        ([None, "face"], "frame 1: neither None nor 68 points"),
        ([points(0) * np.nan, None], "frame 0: neither"),
        ({"a": 1}, "holds a dict, not a list"),
    ],
)
def test_other_content_is_named(write, entries, message):
    with pytest.raises(InputError, match=message):
        read_landmarks(write(entries), 0.0, 2)


class Harmful:
    def __reduce__(self):
        return print, ("run",)


def test_no_code_of_a_file_is_run(write, capsys):
    with pytest.raises(InputError, match="frame 0: neither None nor 68 points"):
        read_landmarks(write([Harmful(), None]), 0.0, 2)
    assert "run" not in capsys.readouterr().out


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps([points(0)])[:50])
    with pytest.raises(InputError, match=r"a\.pkl cannot be read as a pickle"):
        read_landmarks(tmp_path / "a.pkl", 0.0, 1)


def test_the_longest_fitting_path_is_found(write, tmp_path):
    near = write([None], "lm/speaker/1.pkl")
    far = write([None], "lm/test/speaker/1.pkl")
    video = tmp_path / "corpora" / "lrs3" / "test" / "speaker" / "1.mp4"
    assert find_file(tmp_path / "lm", video) == far
    far.unlink()
    assert find_file(tmp_path / "lm", video) == near
    near.unlink()
    with pytest.raises(InputError, match=r"no landmarks for .*1\.mp4 under"):
        find_file(tmp_path / "lm", video)
