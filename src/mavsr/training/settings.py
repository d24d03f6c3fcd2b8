"""How a model is trained: the config's section, and which of its keys decide the result."""

from dataclasses import asdict
from typing import Any

from mavsr.config.marks import deciding
from mavsr.config.training import TrainingSettings

__all__ = ["TrainingSettings", "deciding_settings"]


def deciding_settings(settings: TrainingSettings) -> dict[str, Any]:
    """The settings that decide a run's result; a run that differs in others can be resumed."""
    return {
        name: value for name, value in asdict(settings).items() if name in deciding(type(settings))
    }
