"""One model, several people: their work is done in small steps, taken in turn."""

import errno
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mavsr.errors import InputError

_log = logging.getLogger(__name__)

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DISK_FULL = "the disk of this computer is full; free disk space and try again"


@dataclass(eq=False)
class Task:
    """Something to do, in steps.

    Attributes:
        steps: each step of the iteration is one turn.
        wanted: asked before each step; where nobody waits any more, the task is dropped.
        error: why it came to nothing, in words; empty while it goes on, or if it went well.
        over: whether it has ended, well or not.

    """

    steps: Iterator[None]
    wanted: Callable[[], bool] = lambda: True
    error: str = ""
    over: bool = field(default=False)


class Worker:
    """A thread that does the steps of several tasks in turn; use it as a context."""

    def __init__(self) -> None:
        self._tasks: deque[Task] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="model", daemon=True)

    def __enter__(self) -> "Worker":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join()

    def add(self, task: Task) -> Task:
        """Do a task in turn with those that are there."""
        with self._changed:
            self._tasks.append(task)
            self._changed.notify()
        return task

    def before(self, task: Task) -> int:
        """How many other tasks share the model with this one."""
        with self._changed:
            return sum(other is not task for other in self._tasks)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._tasks or self._ended)
                if self._ended:
                    return
                task = self._tasks[0]
            if task.wanted():
                _step(task)
            else:
                task.error, task.over = "nobody waited for it any more", True
            with self._changed:
                self._tasks.popleft()
                if not task.over:
                    self._tasks.append(task)


def _step(task: Task) -> None:
    """Do one step; what fails becomes a sentence, and the server lives on.

    Where nobody waits any more, files go while they are read, which is no defect to be shown.
    """
    try:
        next(task.steps)
    except StopIteration:
        task.over = True
    except InputError as error:
        task.error, task.over = str(error), True
    except OSError as error:
        full = error.errno in FULL
        if not full and task.wanted():
            _log.exception("unforeseen error")
        task.error = DISK_FULL if full else f"a file cannot be read or written ({error.strerror})"
        task.over = True
    except Exception as error:  # a defect of ours must not end the page for the others
        if task.wanted():
            _log.exception("unforeseen error")
        task.error = f"unforeseen {type(error).__name__}; the server's terminal says more"
        task.over = True
