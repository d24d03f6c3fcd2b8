from collections import Counter

import numpy as np
import pytest

from mavsr.errors import InputError
from mavsr.training.batches import plan_batches

DRAW = np.random.default_rng(0)
FRAMES = {f"k{n:03d}": int(DRAW.integers(5, 120)) for n in range(300)}


@pytest.mark.parametrize("budget", [120, 500, 5000, 10**6])
def test_every_clip_comes_once_and_no_padded_batch_exceeds_the_budget(budget):
    batches = plan_batches(FRAMES, budget, seed=0, epoch=0)
    assert Counter(key for batch in batches for key in batch) == Counter(FRAMES.keys())
    for batch in batches:
        assert batch
        assert len(batch) * max(FRAMES[key] for key in batch) <= budget


def test_batches_are_well_filled():
    batches = plan_batches(FRAMES, 500, seed=0, epoch=0)
    padded = sum(len(batch) * max(FRAMES[key] for key in batch) for batch in batches)
    assert padded < 1.1 * sum(FRAMES.values())
    assert len(batches) < 1.5 * sum(FRAMES.values()) / 500


def test_seed_and_epoch_decide_the_batches():
    def plan(seed, epoch, frames=FRAMES):
        return plan_batches(frames, 500, seed, epoch)

    assert plan(0, 3) == plan(0, 3)
    backwards = dict(reversed(FRAMES.items()))
    assert plan(0, 3, backwards) == plan(0, 3)
    assert plan(0, 3) != plan(0, 4)
    assert plan(0, 3) != plan(1, 3)


def test_epochs_differ_in_who_shares_a_batch():
    small = {f"k{n:03d}": 10 for n in range(40)}
    partners = [
        {frozenset(batch) for batch in plan_batches(small, 40, 0, epoch)} for epoch in (0, 1)
    ]
    assert len(partners[0] & partners[1]) < 3


def test_a_clip_beyond_the_budget_is_named():
    with pytest.raises(InputError, match=r"clip long has 501 frames.*\(500\).*batch_frames"):
        plan_batches({**FRAMES, "long": 501}, 500, 0, 0)
    assert ["long"] in plan_batches({**FRAMES, "long": 500}, 500, 0, 0)


def test_one_clip_is_one_batch():
    assert plan_batches({"a": 7}, 10, 0, 0) == [["a"]]


def test_planning_sorts_the_keys_once():
    class Counting(dict):
        passes = 0

        def __iter__(self):
            Counting.passes += 1
            return super().__iter__()

    plan_batches(Counting(FRAMES), 500, 0, 0)
    assert Counting.passes < 10, "with 150,000 clips, a sort per clip takes hours"


def test_a_split_without_clips_is_an_error_that_says_where_to_look():
    with pytest.raises(InputError, match=r"no clip; see .*ledger\.csv"):
        plan_batches({}, 500, seed=0, epoch=0)
