import os
from collections import Counter

import pytest

from mavsr.errors import InputError
from mavsr.features.join import UtteranceSource
from mavsr.training.batches import plan_batches
from mavsr.training.loader import load_batches

LENGTHS = {f"k{n:02d}": 4 + n % 7 for n in range(25)}
BUDGET = 20


@pytest.fixture
def views(write_features):
    return [
        UtteranceSource(*write_features("train", LENGTHS, view)) for view in ("view_0", "view_1")
    ]


def schedule(epochs=2, seed=0):
    return [
        (epoch, batch)
        for epoch in range(epochs)
        for batch in plan_batches(LENGTHS, BUDGET, seed, epoch)
    ]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_each_clip_comes_once_an_epoch_whatever_the_processes_and_workers(views, count, workers):
    steps = schedule()
    seen: dict[int, Counter] = {0: Counter(), 1: Counter()}
    for rank in range(count):
        batches = list(load_batches(views, steps, 0, rank, count, workers))
        assert len(batches) == len(steps), "every process takes part in every step"
        for (epoch, keys), batch in zip(steps, batches, strict=True):
            assert {clip.key for clip in batch} <= set(keys)
            seen[epoch].update(clip.key for clip in batch)
    assert seen[0] == seen[1] == Counter(LENGTHS.keys())


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_hold_the_clips_of_their_epochs_view_in_the_planned_order(views, workers):
    steps = schedule()
    for (epoch, keys), batch in zip(
        steps, load_batches(views, steps, workers=workers), strict=True
    ):
        assert [clip.key for clip in batch] == list(keys)
        for clip in batch:
            expected = views[epoch][clip.key]
            assert clip.text == expected.text
            assert all(clip.tokens[m].equal(expected.tokens[m]) for m in ("audio", "video"))


def test_an_interrupted_epoch_goes_on_at_the_next_unseen_batch(views):
    steps = schedule()
    whole = [[clip.key for clip in batch] for batch in load_batches(views, steps)]
    for start in (1, len(steps) // 2, len(steps)):
        rest = [[clip.key for clip in batch] for batch in load_batches(views, steps, start)]
        assert rest == whole[start:]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_damaged_shard_ends_it_with_its_own_message(views, workers):
    cut = views[0].folders["audio"] / "00000.tar"
    os.truncate(cut, 600)
    with pytest.raises(InputError, match=f"^shard {cut} cannot give clip"):
        list(load_batches(views, schedule(), workers=workers))


def test_a_batch_from_workers_keeps_few_files_open(views):
    """Of 1,024 that are usual, batches on their way from several workers must leave enough."""

    def open_files():
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    batches = load_batches(views, [(0, list(LENGTHS)[:25])] * 4, workers=1)
    before = open_files()
    held = list(batches)
    assert [len(batch) for batch in held] == [25] * 4
    # One per batch and modality; one per clip would be 200, and a queue may still hold some.
    assert open_files() - before < 25


def test_nothing_before_the_start_is_read(views):
    asked = []

    class Watched(dict):
        def __getitem__(self, key):
            asked.append(key)
            return views[0][key]

    steps = schedule(epochs=1)
    list(load_batches([Watched()], steps, start=3))
    assert asked == [key for _, batch in steps[3:] for key in batch]


def test_shares_of_a_batch_are_alike_in_size(views):
    steps = [(0, batch) for batch in plan_batches(LENGTHS, 60, 0, 0)]
    shares = [list(load_batches(views, steps, rank=rank, count=2)) for rank in range(2)]
    for one, other in zip(*shares, strict=True):
        frames = [sum(len(clip.tokens["video"]) for clip in share) for share in (one, other)]
        assert abs(frames[0] - frames[1]) <= max(LENGTHS.values())
