"""Scales: the (audio rate, video rate) pairs at which one Matryoshka model can be used.

A rate r keeps one token for every r encoder tokens. Llama-MTSK trains on all G x T pairs of G audio
and T video rates (Sec. 3.2); a task without audio or video has no rate for it. A model of the task
``omni`` (Omni-AVSR) has the scales of all three tasks; a scale tells by its rates of which it is.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import total_ordering

from mavsr.errors import InputError

TASKS = {"asr": ("audio",), "vsr": ("video",), "avsr": ("audio", "video")}
"""Task -> the modalities it hears or sees, in the order of the token sequence."""
OMNI = "omni"
"""The three tasks by one model."""
MODALITIES = {**TASKS, OMNI: TASKS["avsr"]}
"""What a model may be for, a task or ``omni`` -> the modalities that it takes."""


@total_ordering
@dataclass(frozen=True)
class Scale:
    """One pair of compression rates; None where the task lacks the modality.

    Scales are ordered as :func:`all_scales` lists them: by task, audio rate and video rate.
    """

    audio: int | None = None
    video: int | None = None

    def __post_init__(self) -> None:
        if self.audio is None and self.video is None:
            raise InputError("a scale needs an audio rate, a video rate or both")
        for modality, rate in self.rates.items():
            check_rate(rate, f"the {modality} rate of a scale")

    def __lt__(self, other: "Scale") -> bool:
        return self._place < other._place

    @property
    def _place(self) -> tuple[int, int, int]:
        return [*TASKS].index(self.task), self.audio or 0, self.video or 0

    @property
    def rates(self) -> dict[str, int]:
        """Modality -> rate, audio before video, absent modalities left out."""
        both = {"audio": self.audio, "video": self.video}
        return {modality: rate for modality, rate in both.items() if rate is not None}

    @property
    def task(self) -> str:
        """What is transcribed at this scale: ``asr``, ``vsr`` or ``avsr``."""
        modalities = tuple(self.rates)
        return next(task for task, taken in TASKS.items() if taken == modalities)

    @property
    def name(self) -> str:
        """``a4_v2``, ``a4`` or ``v2``: used in file names and as adapter name."""
        return "_".join(f"{modality[0]}{rate}" for modality, rate in self.rates.items())

    def only(self, modalities: Collection[str]) -> "Scale | None":
        """The rates of some modalities alone; None if none is left."""
        left = {m: rate for m, rate in self.rates.items() if m in modalities}
        return Scale(**left) if left else None

    @classmethod
    def parse(cls, name: str) -> "Scale":
        """The scale called ``name``; the inverse of :attr:`name`."""
        match = re.fullmatch(r"(?:a(\d+))?_?(?:v(\d+))?", name)
        if match and any(match.groups()):
            scale = cls(*(int(rate) if rate else None for rate in match.groups()))
            # One scale, one spelling: names are paths, and a second one would be a second result.
            if scale.name == name:
                return scale
        raise InputError(f"scale {name!r}: write it like a4_v2, a4 or v2")


def check_rate(rate: object, what: str) -> None:
    """Raise InputError unless ``rate`` is a whole number of at least 1."""
    if not isinstance(rate, int) or isinstance(rate, bool) or rate < 1:
        raise InputError(f"{what} is {rate!r}; it must be a whole number of at least 1")


def tasks_of(task: str) -> tuple[str, ...]:
    """The tasks that a model of ``task`` is trained for: three for ``omni``, else itself."""
    return tuple(TASKS) if task == OMNI else (task,)


def modalities_of(scales: Iterable[Scale]) -> tuple[str, ...]:
    """The modalities that any of ``scales`` takes, audio before video."""
    taken = {modality for scale in scales for modality in scale.rates}
    return tuple(modality for modality in MODALITIES[OMNI] if modality in taken)


def all_scales(task: str, audio: Sequence[int], video: Sequence[int]) -> list[Scale]:
    """Every scale of ``task`` over the given rates, audio rate varying slowest.

    Those of ``omni`` are those of its tasks, one after the other.
    """
    if task == OMNI:
        return [scale for part in tasks_of(task) for scale in all_scales(part, audio, video)]
    modalities = MODALITIES[task]
    audio_rates: list[int | None] = [*audio] if "audio" in modalities else [None]
    video_rates: list[int | None] = [*video] if "video" in modalities else [None]
    return [Scale(a, v) for a in audio_rates for v in video_rates]
