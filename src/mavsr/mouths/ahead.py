"""Let one side of an iteration work on a thread of its own: who makes the items, or who uses them.

It pays where both sides leave Python's lock while they work, as decoders, OpenCV and MediaPipe do.
"""

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

CORES = len(os.sched_getaffinity(0))
"""Cores that this process may use; with one, threads would only take turns."""


def ahead(items: Iterable[Item], count: int = 8) -> Iterator[Item]:
    """Yield ``items`` in order; up to ``count`` of them are made in advance, on another thread.

    What the iteration raises is raised here. If it is given up early, the thread ends with the item
    that it is at.
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


class Behind(Generic[Item, Result]):
    """Runs ``use(items)`` on another thread, with the items that the caller puts in.

    As a context it ends the thread, by its next item, whether or not the result was asked for.
    """

    def __init__(self, use: Callable[[Iterator[Item]], Result], count: int = 8):
        """Begin.

        Args:
            use: takes the items in order, and returns after the last.
            count: so many items may wait; who puts in more waits too.
        """
        self._waiting: queue.Queue[tuple[Item] | None] = queue.Queue(count)
        self._stopped = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="behind")
        self._used = self._thread.submit(lambda: use(self._items()))

    def put(self, item: Item) -> bool:
        """Put in the next item; say whether it is still wanted, as it is unless ``use`` raised."""
        return self._put((item,))

    def result(self) -> Result:
        """Say that there are no more items; what ``use`` raises is raised here."""
        self._put(None)
        return self._used.result()

    def _put(self, item: tuple[Item] | None) -> bool:
        while not self._used.done():
            with contextlib.suppress(queue.Full):
                self._waiting.put(item, timeout=0.1)
                return True
        return False

    def _items(self) -> Iterator[Item]:
        while (item := self._waiting.get()) is not None:
            if self._stopped:
                raise _StoppedError
            yield item[0]
        if self._stopped:
            raise _StoppedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped = True
        self._put(None)
        self._thread.shutdown()


class _StoppedError(Exception):
    """Nobody wants the result any more."""
