import numpy as np
import pytest

from mavsr.mouths.cuts import Cuts


def scene(seed):
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((16, 20, 1), np.uint8))


def seen(frames):
    cuts = Cuts()
    for number, frame in enumerate(frames):
        cuts.see(number, frame)
    return cuts


def test_another_picture_is_a_cut():
    cuts = seen([scene(1)] * 5 + [scene(2)] * 5 + [scene(3)] * 2)
    assert cuts.certain == [5, 10] and cuts.doubtful == []


def test_a_flash_a_fade_and_black_frames_are_none():
    bright = [np.clip(scene(1) * gain + 30, 0, 255).astype(np.uint8) for gain in (0.3, 0.6, 0.8)]
    black = [np.zeros_like(scene(1))] * 2
    cuts = seen([scene(1), *bright, scene(1), *black, scene(1)])
    assert cuts.certain == cuts.doubtful == []


def test_a_cut_behind_black_frames_is_found_where_the_new_picture_begins():
    assert seen([scene(1)] * 3 + [np.zeros_like(scene(1))] * 2 + [scene(2)] * 2).certain == [5]


def test_a_change_of_a_part_is_doubtful_unless_the_picture_moves_all_the_time():
    part = scene(1)
    part[:48] = 255 - part[:48]
    assert seen([scene(1)] * 4 + [part] * 4).doubtful == [4]
    moving = [np.roll(scene(1), 6 * number, axis=1) for number in range(12)]
    assert len(seen(moving).doubtful) <= 1 and seen(moving).certain == []


@pytest.mark.parametrize("count", [0, 1])
def test_clips_too_short_for_a_cut(count):
    assert seen([scene(1)] * count).certain == []


def test_a_talking_head_has_none(portrait):
    cuts = seen(portrait)
    assert cuts.certain == cuts.doubtful == []
