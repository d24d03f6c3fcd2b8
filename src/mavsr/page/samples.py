"""Recordings of the embedded corpus, for a model that knows nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mavsr.config.toy import TOYS
from mavsr.model.folder import ModelFolder
from mavsr.toy.portrait.clip import make_clip
from mavsr.toy.portrait.settings import PortraitSettings
from mavsr.toy.portrait.talk import make_talk

_CLIPS = ("test/t000/00000", "test/t003/00001", "test/t007/00002")
_TALK_S = 20.0


@dataclass(frozen=True)
class Sample:
    """A recording that is made when it is asked for.

    Attributes:
        name: in addresses.
        title: for people.
        make: writes it to a path.

    """

    name: str
    title: str
    make: Callable[[Path], object]


def is_toy(folder: ModelFolder) -> bool:
    """Whether a model was trained over the embedded default's toy LLM."""
    return TOYS in str(folder.run["model"]["llm"])


def samples(settings: PortraitSettings = PortraitSettings()) -> list[Sample]:  # noqa: B008 (frozen)
    """Clips of the test split, and a talk of several people."""

    def clip(name: str) -> Callable[[Path], object]:
        return lambda path: path.write_bytes(make_clip(settings, name)[0])

    clips = [
        Sample(f"clip{number}", f"Clip {number}", clip(name))
        for number, name in enumerate(_CLIPS, start=1)
    ]
    talk = Sample("talk", "Several people", lambda path: make_talk(path, _TALK_S, settings))
    return [*clips, talk]
