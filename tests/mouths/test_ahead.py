import threading
import time

import pytest

from mavsr.mouths import ahead as module
from mavsr.mouths.ahead import Behind, ahead


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


def test_items_are_used_in_order_on_another_thread():
    def use(items):
        return threading.get_ident(), list(items)

    with Behind(use, 3) as behind:
        assert all(behind.put(item) for item in [*range(100), None])
        where, taken = behind.result()
    assert where != threading.get_ident() and taken == [*range(100), None]


def test_who_cannot_use_an_item_wants_no_more():
    def use(items):
        for item in items:
            if item == 2:
                raise ValueError("broken")

    with Behind(use, 1) as behind:
        wanted = [behind.put(item) for item in range(10)]
        assert wanted[0] and not wanted[-1]
        with pytest.raises(ValueError, match="broken"):
            behind.result()


@pytest.mark.parametrize("put", [0, 1, 5])
def test_nothing_is_made_of_items_whose_result_nobody_asks_for(put):
    finished = []

    def use(items):
        for _ in items:
            time.sleep(0.01)
        finished.append(True)

    before = threading.active_count()
    with Behind(use, 2) as behind:
        for item in range(put):
            behind.put(item)
    assert threading.active_count() == before and not finished
