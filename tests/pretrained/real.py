"""Where the real models lie."""

from pathlib import Path

import pytest

VARIABLE = "PRETRAINED_MODELS"
"""Environment variable: the folder with their folders."""


def folder(models: Path, name: str) -> Path:
    """One of the models; the test skips if it is not there."""
    if not (models / name).is_dir():
        pytest.skip(f"{models} has no {name}")
    return models / name
