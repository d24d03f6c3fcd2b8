import threading

import pytest

from mavsr.mouths import ahead as module
from mavsr.mouths.ahead import ahead


@pytest.fixture(params=[1, 2])
def cores(request, monkeypatch):
    monkeypatch.setattr(module, "CORES", request.param)
    return request.param


def test_items_come_in_order(cores):
    assert list(ahead(iter(range(100)), 3)) == list(range(100))
    assert list(ahead([])) == [] and list(ahead([None, None])) == [None, None]


def test_what_goes_wrong_is_raised_after_what_went_well(cores):
    def items():
        yield 1
        raise ValueError("broken")

    taken = []
    with pytest.raises(ValueError, match="broken"):
        taken.extend(ahead(items()))
    found = ahead(items())
    assert next(found) == 1
    with pytest.raises(ValueError, match="broken"):
        next(found)


def test_given_up_early_no_thread_is_left_and_little_was_made(cores):
    made = []

    def items():
        for number in range(1000):
            made.append(number)
            yield number

    before = threading.active_count()
    for number in ahead(items(), 4):
        if number == 10:
            break
    assert threading.active_count() == before
    assert len(made) <= 17
