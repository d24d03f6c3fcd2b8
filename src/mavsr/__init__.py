"""Matryoshka audio-visual speech recognition, from videos to the papers' tables.

Seven stages, each a subpackage: corpus, mouths, noise, features, training, evaluation, report.
Every stage's jobs run as ``python -m mavsr.<stage>.<verb>``, under Snakemake or by hand.

In Python, :func:`load` gives a trained model that transcribes files, and :func:`read_features` the
cached tokens of a split (docs/api.md). They are imported when first used.
"""

import gc
import sys
from importlib import import_module
from typing import Any

__all__ = ["__version__", "load", "read_features"]
__version__ = "0.1.0"

_PLACES = {
    "load": ("mavsr.recognition.recogniser", "Recogniser"),
    "read_features": ("mavsr.features.read", "read_features"),
}
"""Public name -> module and what it is called there: torch is not imported before it is needed."""


if sys.argv[:1] == ["-m"]:
    # A job starts: its libraries make 700,000 objects, none of them garbage, and to look for
    # garbage among them is a sixth of a job's start. mavsr.command lets Python look again.
    gc.disable()


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _PLACES[name]
    return getattr(import_module(module), attribute)
