"""Of a config, what the recognition of single files needs: as the workflow's rules hand it out."""

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

from mavsr.configuration import ENCODES
from mavsr.errors import InputError
from mavsr.evaluation.settings import DecodingSettings, SamplingSettings
from mavsr.features.settings import ExtractSettings
from mavsr.model.scales import TASKS
from mavsr.mouths.clip import CropSettings


def crop_settings(config: Mapping[str, Any]) -> CropSettings:
    """How mouths are found: the section ``mouths``."""
    section = config["mouths"]
    weights, landmarks = section["retinaface"]["weights"], section["landmarks"]
    if weights and "://" in weights:
        weights = "results/mouths/retinaface.weights"  # where rule fetch_retinaface puts it
    return CropSettings(
        detector=section["detector"],
        detect_every=section["detect_every"],
        min_face_share=section["min_face_share"],
        audio=section["audio"],
        min_frames=section["min_frames"],
        max_av_gap_s=section["max_av_gap_s"],
        codec=section["codec"],
        landmarks=Path(landmarks) if landmarks else None,
        weights=Path(weights) if weights else None,
        batch=section["retinaface"]["batch"],
    )


def extract_settings(config: Mapping[str, Any]) -> ExtractSettings:
    """How tokens are made: of the section ``features`` what concerns a single clip."""
    names = ("dtype", "precision", "long_clips", "longest_s")
    return ExtractSettings(**{name: config["features"][name] for name in names})


def decoding_settings(config: Mapping[str, Any]) -> DecodingSettings:
    """How transcripts are searched for: the section ``decoding``."""
    section = config["decoding"]
    return DecodingSettings(**{**section, "sampling": SamplingSettings(**section["sampling"])})


def encoder_names(folder: str, task: str, encoders: Mapping[str, Any]) -> dict[str, str]:
    """Modality -> name of the encoder that a model's folder is named after.

    Args:
        folder: name of the model's folder, see :attr:`mavsr.model.named.Model.name`.
        task: of the model.
        encoders: the section of that name.

    Raises:
        InputError: it is not named after encoders of the config.
    """
    choices = [
        [name for name, section in encoders.items() if ENCODES[section["kind"]] == modality]
        for modality in TASKS[task]
    ]
    for names in product(*choices):
        if f".{task}.{'+'.join(names)}." in folder:
            return dict(zip(TASKS[task], names, strict=True))
    raise InputError(
        f"the model folder {folder!r} is not named after encoders of the config "
        f"({', '.join(encoders)}); give the --configfile that it was trained with, and the folder "
        "the name that it had under results/training"
    )
