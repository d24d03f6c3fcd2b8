"""Names of conditions: what is done to a clip's audio and video before the encoders.

- ``clean``: both as they are.
- ``view_3``: training augmentation number 3, of audio and video alike.
- ``snr_-5``, ``snr_12.5``: babble at that many dB; ``music_5``: the noise that the config calls
  ``music``, at 5 dB.
- ``drop_50``, ``patch_25``, ``blur_4``, ``late_80``: what fails in the video
  (:mod:`mavsr.features.alterations`).
- ``no_audio``, ``no_video``: a modality is absent.
- ``snr_-5+drop_50``: one of the audio, and one of the video.

The last is a condition of tests alone. Audio and video are cached apart, so that the names of
folders below ``results/noise`` and ``results/features`` are single ones: :func:`cached_as`.
"""

import math
from dataclasses import dataclass
from typing import Literal, Self

from mavsr.errors import InputError

Modality = Literal["audio", "video"]
BABBLE = "babble"
"""The noise of ``snr_``, which training hears too."""
ALTERATIONS = {
    "drop": "percent of the frames",
    "patch": "percent of the area",
    "blur": "pixels, its standard deviation",
    "late": "ms, a multiple of 40",
}
"""What may happen to video -> what its number says."""
DRAWN = ("drop", "patch")
"""Of these, what is drawn by ``features.seed``."""
LARGEST = {"drop": 100.0, "patch": 100.0, "blur": 48.0, "late": 10_000.0}
_RANGES = {
    kind: f"give {unit}, above 0 and at most {LARGEST[kind]:g}"
    + ("; negative where the video is ahead" if kind == "late" else "")
    for kind, unit in ALTERATIONS.items()
}
ABSENCES = ("no_audio", "no_video")
KINDS = ("clean", "snr", "view", *ALTERATIONS, *ABSENCES)
FRAME_MS = 40
"""Of a video frame."""
RESERVED = {"clean", "view", "snr", "no", BABBLE, *ALTERATIONS}
"""Words that no noise of the config can be called."""
WAYS = (
    "write clean, snr_<dB> such as snr_-5 or snr_12.5, <noise>_<dB> for one of `noises`, "
    "drop_<percent>, patch_<percent>, blur_<pixels>, late_<ms>, no_audio, no_video, or two of them "
    "as in snr_-5+drop_50, audio first; without needless signs and zeros"
)


@dataclass(frozen=True)
class Condition:
    """What is done to audio or video, or to both by a view.

    Attributes:
        kind: "clean", "snr", "view", a key of :data:`ALTERATIONS`, "no_audio" or "no_video".
        number: of the ratio in dB, the view, or how strong an alteration is; 0 without one.
        noise: which one an "snr" is about.

    """

    kind: str
    number: float = 0.0
    noise: str = BABBLE

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"a condition cannot be of the kind {self.kind!r}; {WAYS}")
        wrong = not math.isfinite(self.number) or (self.kind == "view" and self.number < 0)
        if self.kind in ALTERATIONS:
            most = LARGEST[self.kind]
            least = -most if self.kind == "late" else 0.0
            wrong = wrong or not least <= self.number <= most or self.number == 0
            wrong = wrong or (self.kind == "late" and bool(self.number % FRAME_MS))
        if wrong:
            raise InputError(
                f"a condition {self.kind!r} cannot have the number {self.number:g}; "
                f"{_RANGES.get(self.kind, WAYS)}"
            )

    @classmethod
    def parse(cls, name: str) -> Self:
        """Return the single condition called ``name``.

        Raises:
            InputError: the name is unknown, or not spelled as :attr:`name` spells it, which would
                give one condition two folders.

        """
        kind, _, number = name.partition("_")
        condition: Self | None = None
        try:
            if name in ("clean", *ABSENCES):
                condition = cls(name)
            elif kind == "view":
                condition = cls("view", int(number))
            elif kind == "snr" or kind in ALTERATIONS:
                condition = cls(kind, float(number))
            elif kind not in RESERVED:
                condition = cls("snr", float(number), kind)
        except InputError as error:
            if kind in ALTERATIONS:
                raise InputError(f"condition {name!r}: {error}") from None
        except (ValueError, OverflowError):
            pass
        if condition is None or condition.name != name:
            raise InputError(f"condition {name!r} is unknown; {WAYS}")
        return condition

    @property
    def name(self) -> str:
        """The condition's one spelling."""
        # Adding zero turns -0 into 0.
        number = f"{self.number + 0.0:g}"
        if self.kind in ("clean", *ABSENCES):
            return self.kind
        if self.kind == "view":
            return f"view_{self.number:.0f}"
        if self.kind == "snr" and self.noise != BABBLE:
            return f"{self.noise}_{number}"
        return f"{self.kind}_{number}"

    @property
    def touches(self) -> tuple[Modality, ...]:
        """The modalities that it changes."""
        if self.kind == "view":
            return "audio", "video"
        if self.kind in ("snr", "no_audio"):
            return ("audio",)
        return () if self.kind == "clean" else ("video",)

    @property
    def needs(self) -> tuple[Modality, ...]:
        """The modalities that a task must have for it to mean anything."""
        return ("audio", "video") if self.kind in ("late", *ABSENCES) else self.touches


def parts(name: str) -> tuple[Condition, ...]:
    """The single conditions of a test condition: one, or one of audio and one of video.

    Raises:
        InputError: it is none of tests, or says two things about one modality.

    """
    found = tuple(map(Condition.parse, name.split("+")))
    touched = [modality for part in found for modality in part.touches]
    lone = len(found) > 1 and any(len(part.touches) != 1 for part in found)
    if lone or any(part.kind == "view" for part in found) or touched != sorted(set(touched)):
        raise InputError(f"condition {name!r} cannot be tested; {WAYS}")
    if {part.kind for part in found} == set(ABSENCES):
        raise InputError(f"condition {name!r} leaves nothing to recognise; {WAYS}")
    return found


def cached_as(name: str, modality: str) -> str:
    """Condition under which one modality's features are cached for a test condition.

    An absent modality (:func:`absent`) needs none of its own: the clean ones tell which clips there
    are.
    """
    for part in parts(name):
        if modality in part.touches and part.kind not in ABSENCES:
            return part.name
    return "clean"


def absent(name: str) -> Modality | None:
    """The modality that a test condition takes away, if any."""
    away = [modality for part in parts(name) if part.kind in ABSENCES for modality in part.touches]
    return away[0] if away else None
