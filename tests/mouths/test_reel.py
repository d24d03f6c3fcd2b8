import tracemalloc

import numpy as np
import pytest
from trees import manifest_row
from videos import write_mp4

from mavsr.errors import InputError
from mavsr.media import read_video
from mavsr.mouths import reel as module
from mavsr.mouths.align import CROP_SIZE
from mavsr.mouths.clip import CropSettings
from mavsr.mouths.crop import crop_clip
from mavsr.mouths.reel import Reel, held_memory

NEVER = float("nan")


@pytest.fixture
def decoded(monkeypatch):
    """How often the clip was decoded."""
    calls = []
    original = module.video_frames

    def counted(*arguments):
        calls.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(module, "video_frames", counted)
    return calls


@pytest.fixture
def clip(tmp_path, portrait):
    sound = np.full(32_000, 0.1, np.float32)
    return write_mp4(tmp_path / "a.mp4", portrait, sound)


def test_a_clip_that_fits_is_decoded_once(clip, decoded):
    reel = Reel(clip, 0.0, NEVER, held_memory(50 * 224 * 224 * 3))
    assert len(reel) == 50
    for _ in range(3):
        assert np.array_equal(np.stack(list(reel)), read_video(clip))
    assert len(decoded) == 1


@pytest.mark.parametrize("size", [0, 224 * 224 * 3 * 49, 224 * 224 * 3 * 50 - 1])
def test_a_longer_one_is_decoded_again_and_is_the_same(clip, decoded, size):
    reel = Reel(clip, 0.0, NEVER, held_memory(size))
    assert len(reel) == 50
    for _ in range(2):
        assert np.array_equal(np.stack(list(reel)), read_video(clip))
    assert len(decoded) == 3


def test_an_interval(clip):
    reel = Reel(clip, 0.4, 1.0, held_memory(1))
    assert np.array_equal(np.stack(list(reel)), read_video(clip)[10:25])


def test_a_reading_that_was_broken_off_does_not_count(clip):
    reel = Reel(clip, 0.0, NEVER, held_memory())
    next(iter(reel))
    assert len(reel) == 50


def test_memory_is_used_again_for_the_next_clip(clip, tmp_path, portrait):
    memory = held_memory(50 * 224 * 224 * 3)
    first = Reel(clip, 0.0, NEVER, memory)
    assert len(first) == 50
    other = write_mp4(tmp_path / "b.mp4", portrait[::-1].copy())
    second = Reel(other, 0.0, NEVER, memory)
    assert np.array_equal(np.stack(list(second)), read_video(other))


def test_unreadable_clips_are_named(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"")
    with pytest.raises(InputError, match=r"a\.mp4: cannot be read"):
        len(Reel(tmp_path / "a.mp4", 0.0, NEVER, held_memory(1)))


def test_a_long_clip_needs_little_memory_and_gives_the_same_bytes(tmp_path, portrait):
    """200 frames, 30 MB, with room for 20 of them: the peak is 60 frames and the crops."""
    frames = np.concatenate([portrait, portrait[::-1]] * 2)
    path = write_mp4(
        tmp_path / "long.mp4", frames, np.random.default_rng(0).normal(0, 0.1, 200 * 640)
    )
    one, crops = frames[0].nbytes, 200 * CROP_SIZE**2 * 3
    del frames
    settings = CropSettings(detect_every=4)
    row = manifest_row(file=path, duration_s=8.0)
    first = {**row, "end": 0.6, "duration_s": 0.6}
    crop_clip(first, settings, held_memory(0))  # imports are not the clip's memory
    tracemalloc.start()
    entry, fields = crop_clip(row, settings, held_memory(20 * one))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert entry.kept and entry.frames == 200
    assert peak < 60 * one + crops
    assert fields == crop_clip(row, settings, held_memory())[1]
