"""Look through a clip once: faces are joined to tracks, and filled in between looks, as it is read.

Who counts is known at the end of a clip only. But who will is mostly clear from the first look on,
and what lies between two looks can be followed as soon as both are there, while the frames are at
hand. If it turns out to have been somebody else, those frames are read again.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from mavsr.mouths.ahead import CORES, ahead
from mavsr.mouths.cuts import Cuts
from mavsr.mouths.faces import Look, Person, Tracks
from mavsr.mouths.tracking import Span, Trail, fill_spans

_TOGETHER = 16
"""So many frames at least are held before what lies between is filled in, so that a detector can
look at several of them."""

_SIDE_BY_SIDE = min(2, CORES)

_ENOUGH_BYTES, _MOST_BYTES = 48 * 2**20, 256 * 2**20
"""Large frames are held in smaller numbers; a clip whose frames need more room than the second, as
detectors run ahead of what lies between, is read again for that."""

Whom = Callable[[Sequence[Person]], Sequence[Person]]
"""Of the people so far those who are followed already."""

Passed = Callable[[Sequence[Trail], dict[int, np.ndarray]], None]
"""Is shown frames by their numbers, in order, with the trails of those who are followed; the frame
at which what lies between looks begins or ends is shown twice."""


class Following:
    """What was seen of the faces of a clip.

    Attributes:
        numbers: frames that were looked at by plan, in order.
        cuts: certain and doubtful cuts.

    """

    def __init__(self, frames: Iterable[np.ndarray], look: Look, every: int):
        self._frames, self._look, self._every = frames, look, every
        self._tracks = Tracks()
        self._trails: dict[int, Trail] = {}
        self.numbers: list[int] = []
        self.cuts = Cuts()

    @property
    def people(self) -> list[Person]:
        """One for each track, in the order in which they began."""
        return self._tracks.people

    @property
    def count(self) -> int:
        """Frames of the clip."""
        return self.numbers[-1] + 1

    @property
    def planned(self) -> list[int]:
        """Frames that any clip of this length has looked at: every n-th, and the last."""
        last = self.numbers[-1]
        return [number for number in self.numbers if number % self._every == 0 or number == last]

    def read(self, whom: Whom, passed: Passed | None = None) -> None:
        """Look through the clip.

        Args:
            whom: see :data:`Whom`.
            passed: see :data:`Passed`; not called any more once frames are too large to be held.

        """
        held = _Held()
        spans: list[Span] = []
        numbers = self.numbers
        # What lies between is filled in on threads of their own, while the next frames are read.
        with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="between") as threads:
            windows: deque[_Window] = deque()
            frames = held.those_of(ahead(self._frames))
            for taken, faces in enumerate(self._look(self._chosen(frames))):
                number = numbers[taken]
                self._tracks.take(number, faces, self.cuts.certain, self.cuts.doubtful)
                spans += [(numbers[taken - 1], number)] if taken else []
                if spans and held.suffice(spans[0][0], number):
                    between = held.let_go(spans[0][0], number)
                    windows.append(self._fill(whom, spans, between, threads))
                    spans = []
                if len(windows) > _SIDE_BY_SIDE:
                    windows.popleft().pass_on(passed)
            if held.frames is not None:
                windows.append(self._fill(whom, spans, held.frames, threads))
            for window in windows:
                window.pass_on(passed)

    def trail(self, person: Person) -> Trail:
        """A person's whole trail; frames are read again for what is missing of it."""
        trail = self.so_far(person)
        spans = list(zip(self.numbers, self.numbers[1:], strict=False))
        missing = [span for span in spans if trail.needs(span)]
        if missing:
            for some, frames in _windows(self._frames, missing):
                fill_spans(trail, some, frames, self._look)
        return trail

    def so_far(self, person: Person) -> Trail:
        """What is known of a person's trail without reading frames again."""
        return self._trails.get(id(person)) or Trail(person)

    def _fill(
        self, whom: Whom, spans: list[Span], frames: dict[int, np.ndarray], threads: Executor
    ) -> "_Window":
        """Begin to fill in ``spans``, for which ``frames`` are there."""
        people = whom(self.people)
        trails = [self._trails.setdefault(id(person), Trail(person)) for person in people]
        work = [threads.submit(fill_spans, trail, spans, frames, self._look) for trail in trails]
        return _Window(trails, frames, work)

    def _chosen(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Every n-th frame, both sides of cuts, the last; they are noted in ``numbers``."""
        numbers = self.numbers
        last: tuple[int, np.ndarray] | None = None
        for number, frame in enumerate(frames):
            cut = self.cuts.see(number, frame)
            if cut and last and last[0] not in numbers[-1:]:
                numbers.append(last[0])
                yield last[1]
            last = number, frame
            if cut or number % self._every == 0:
                numbers.append(number)
                yield frame
        if last and last[0] not in numbers[-1:]:
            numbers.append(last[0])
            yield last[1]


class _Held:
    """Frames that were read, until what lies between looks is filled in.

    Attributes:
        frames: them by their numbers; None once they are too large to be held.

    """

    def __init__(self) -> None:
        self.frames: dict[int, np.ndarray] | None = {}

    def those_of(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The same frames, each of which is held before it is passed on."""
        for number, frame in enumerate(frames):
            if self.frames is not None:
                self.frames[number] = frame
                if _room(self.frames) >= _MOST_BYTES:
                    self.frames = None
            yield frame

    def suffice(self, first: int, last: int) -> bool:
        """Whether what lies between two frames should be filled in before more are read."""
        return self.frames is not None and _are_enough(self.frames, last - first)

    def let_go(self, first: int, last: int) -> dict[int, np.ndarray]:
        """All frames up to ``last``; only that one, where the next window begins, stays held."""
        assert self.frames is not None
        frames = {number: frame for number, frame in self.frames.items() if number <= last}
        for number in range(first, last):
            del self.frames[number]
        return frames


@dataclass(frozen=True)
class _Window:
    """Some frames of a clip, and what lies between the looks at them, in the making."""

    trails: list[Trail]
    frames: dict[int, np.ndarray]
    work: list[Future[None]]

    def pass_on(self, passed: Passed | None) -> None:
        for done in self.work:
            done.result()
        if passed:
            passed(self.trails, self.frames)


def _windows(
    frames: Iterable[np.ndarray], spans: Sequence[Span]
) -> Iterator[tuple[list[Span], dict[int, np.ndarray]]]:
    """Some of the spans at a time, with the frames in them, which are read again."""
    waiting = list(spans)
    some: list[Span] = []
    held: dict[int, np.ndarray] = {}
    for number, frame in enumerate(ahead(frames)):
        if number < waiting[0][0]:
            continue
        held[number] = frame
        if number < waiting[0][1]:
            continue
        some.append(waiting.pop(0))
        if not waiting or _are_enough(held, len(held)):
            yield some, held
            some, held = [], {number: frame}
        if not waiting:
            return


def _are_enough(held: dict[int, np.ndarray], count: int) -> bool:
    """Whether ``count`` of the frames that are held should be used before more are read."""
    return count >= _TOGETHER or _room(held) > _ENOUGH_BYTES


def _room(held: dict[int, np.ndarray]) -> int:
    """Bytes of the frames that are held; those of a clip are of one size, or nearly."""
    return len(held) * next(iter(held.values())).nbytes if held else 0
