"""What test conditions do to mouth crops: how much, where, and the same each time."""

import numpy as np
import pytest

from mavsr.features.alterations import OFF_CENTRE, RUN, altered
from mavsr.noise import Condition
from mavsr.noise.condition import ALTERATIONS, DRAWN

FRAMES = np.random.default_rng(0).integers(1, 256, (63, 96, 96, 3), np.uint8)


def changed(name, key="a", seed=0, frames=FRAMES):
    before = frames.copy()
    result = altered(frames, Condition.parse(name), key, seed)
    assert np.array_equal(frames, before)
    assert (result.shape, result.dtype) == (frames.shape, np.uint8)
    return result


def is_dropped(frames):
    return (frames == 0).reshape(len(frames), -1).all(axis=1)


@pytest.mark.parametrize("name", ["drop_50", "patch_25", "blur_4", "late_80", "late_-80"])
def test_grey_crops_are_changed_as_coloured_ones(name):
    grey = FRAMES[..., 0]
    assert np.array_equal(changed(name)[..., 0], changed(name, frames=grey))


@pytest.mark.parametrize("name", ["drop_50", "patch_25"])
def test_what_is_drawn_depends_on_key_and_seed(name):
    assert np.array_equal(changed(name), changed(name))
    assert not np.array_equal(changed(name), changed(name, key="b"))
    assert not np.array_equal(changed(name), changed(name, seed=1))


def test_the_seed_is_read_for_what_is_drawn_and_nothing_else():
    """Jobs are told the seed, and rerun with another one, where ``DRAWN`` says so."""
    for kind in ALTERATIONS:
        name = f"{kind}_40"
        alike = np.array_equal(changed(name), changed(name, seed=1))
        assert alike == (kind not in DRAWN), kind


@pytest.mark.parametrize("percent", [1, 12.5, 25, 50, 75, 99, 100])
@pytest.mark.parametrize("frames", [1, 9, 63])
def test_the_share_of_dropped_frames_is_exact_and_the_others_stay(percent, frames):
    given = FRAMES[:frames]
    for key in "abcd":
        result = changed(f"drop_{percent:g}", key, frames=given)
        gone = is_dropped(result)
        assert gone.sum() == round(percent / 100 * frames)
        assert np.array_equal(result[~gone], given[~gone])


def test_frames_are_dropped_in_runs_and_more_drops_add_to_fewer():
    for key in map(str, range(30)):
        half, most = (is_dropped(changed(f"drop_{n}", key)) for n in (50, 75))
        assert not (half & ~most).any()
        edges = np.flatnonzero(np.diff(np.concatenate([[False], half, [False]]).astype(int)))
        runs = edges[1::2] - edges[::2]
        # 32 frames: three or four runs, of which those at the ends, and one more, may be short.
        assert len(runs) <= 6 and runs.max() >= RUN
        assert (runs < RUN).sum() <= 3


@pytest.mark.parametrize("percent", [5, 25, 50, 100])
def test_a_patch_hides_its_share_of_what_the_encoder_sees_through_the_whole_clip(percent):
    places = set()
    for key in map(str, range(20)):
        result = changed(f"patch_{percent}", key)
        hidden = (result == result[:1]).all(axis=(0, 3))
        seen = hidden[4:92, 4:92]
        assert seen.sum() == hidden.sum()  # nothing is wasted outside
        assert seen.mean() == pytest.approx(percent / 100, abs=0.012)
        rows, columns = np.nonzero(hidden)
        middle = (rows.mean() + 0.5, columns.mean() + 0.5)
        assert max(abs(place - 48) for place in middle) <= OFF_CENTRE + 0.5
        assert np.ptp(rows) == np.ptp(columns)
        assert len(np.unique(result[:, hidden])) == 1
        places.add(middle)
    assert len(places) > 5 or percent == 100


def test_blur_spreads_a_point_as_widely_as_it_says():
    point = np.zeros((2, 96, 96, 3), np.uint8)
    point[:, 40:56, 40:56] = 255
    row = np.float64(changed("blur_4", frames=point)[0, :, 48, 0])
    before = np.float64(point[0, :, 48, 0])

    def variance(weights):
        places = np.arange(96)
        mean = (weights * places).sum() / weights.sum()
        return (weights * (places - mean) ** 2).sum() / weights.sum()

    assert variance(row) - variance(before) == pytest.approx(16, rel=0.05)


def test_late_video_stands_still_first_and_loses_its_end():
    late, early = changed("late_120"), changed("late_-120")
    assert np.array_equal(late[3:], FRAMES[:-3]) and (late[:3] == FRAMES[0]).all()
    assert np.array_equal(early[:-3], FRAMES[3:]) and (early[-3:] == FRAMES[-1]).all()
    assert (changed("late_10000") == FRAMES[0]).all()


def test_what_is_no_alteration_is_a_defect():
    with pytest.raises(ValueError, match="does not alter video"):
        altered(FRAMES, Condition("clean"), "a", 0)
