"""Do the next steps of an iteration on a thread of its own, while the caller uses the last."""

import contextlib
import os
import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

CORES = len(os.sched_getaffinity(0))
"""Cores that this process may use; with one, threads would only take turns."""


def ahead(items: Iterable[Item], count: int = 8) -> Iterator[Item]:
    """Yield ``items`` in order; up to ``count`` of them are made in advance, on another thread.

    It pays where both sides leave Python's lock while they work, as decoders, OpenCV and MediaPipe
    do. What the iteration raises is raised here. If it is given up early, the thread ends with the
    item that it is at.
    """
    if CORES == 1:
        yield from items
        return
    made: queue.Queue[tuple[bool, Item | BaseException | None]] = queue.Queue(count)
    stopped = threading.Event()

    def put(more: bool, item: Item | BaseException | None) -> None:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                made.put((more, item), timeout=0.1)
                return

    def work() -> None:
        try:
            for item in items:
                put(True, item)
                if stopped.is_set():
                    return
            put(False, None)
        except BaseException as error:  # raised again on the caller's thread
            put(False, error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            more, item = made.get()
            if not more:
                if item is not None:
                    raise item  # type: ignore[misc]
                return
            yield item  # type: ignore[misc]
    finally:
        stopped.set()
        thread.join()
