"""Real pretrained models, from the folder that PRETRAINED_MODELS names; without it tests skip.

It holds folders in Hugging Face's format: whisper-tiny.en, whisper-base, smollm2-135m.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from real import VARIABLE, folder

from mavsr.media import read_audio
from mavsr.toy.portrait.speech import speak


def pytest_collection_modifyitems(items):
    """Mark all tests of this folder."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.pretrained)


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder with the models."""
    if not (place := os.environ.get(VARIABLE)):
        pytest.skip(f"{VARIABLE} names no folder with whisper-base, whisper-tiny.en, smollm2-135m")
    return Path(place).absolute()


@pytest.fixture(scope="session")
def smollm(models) -> Path:
    return folder(models, "smollm2-135m")


@pytest.fixture(scope="session")
def waves() -> dict[str, np.ndarray]:
    """Speech, made and, if PRETRAINED_SPEECH names a file of it, real: name -> (N,) at 16 kHz."""
    text = "the door was open and the little girl walked slowly into the garden"
    spoken = speak(tuple(text.split()), "gmw/en", 130, 50, 0, letters=False).audio
    found = {"made": np.tile(spoken, 8)[: 30 * 16_000]}
    if real := os.environ.get("PRETRAINED_SPEECH"):
        found["real"] = read_audio(Path(real))
    return found
