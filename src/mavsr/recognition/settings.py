"""Of a config, or of a trained model's setup, what the recognition of single files needs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mavsr.encoders import EncoderSettings
from mavsr.errors import InputError
from mavsr.evaluation.settings import DecodingSettings, SamplingSettings
from mavsr.features.settings import ExtractSettings
from mavsr.model.folder import RUN, ModelFolder, located
from mavsr.model.scales import TASKS
from mavsr.mouths.clip import CropSettings
from mavsr.recognition.setup import FEATURES


def crop_settings(config: Mapping[str, Any]) -> CropSettings:
    """How mouths are found: the section ``mouths``."""
    section = config["mouths"]
    weights, landmarks = section["retinaface"]["weights"], section["landmarks"]
    if weights and "://" in weights:
        weights = "results/mouths/retinaface.weights"  # where rule fetch_retinaface puts it
    return CropSettings(
        detector=section["detector"],
        detect_every=section["detect_every"],
        min_frames=section["min_frames"],
        max_av_gap_s=section["max_av_gap_s"],
        codec=section["codec"],
        landmarks=Path(landmarks) if landmarks else None,
        weights=Path(weights) if weights else None,
        batch=section["retinaface"]["batch"],
    )


def extract_settings(config: Mapping[str, Any]) -> ExtractSettings:
    """How tokens are made: of the section ``features`` what concerns a single clip."""
    return ExtractSettings(**{name: config["features"][name] for name in FEATURES})


def decoding_settings(config: Mapping[str, Any]) -> DecodingSettings:
    """How transcripts are searched for: the section ``decoding``."""
    section = config["decoding"]
    return DecodingSettings(**{**section, "sampling": SamplingSettings(**section["sampling"])})


@dataclass(frozen=True)
class Setup:
    """From a video file to a transcript, as the model was trained for it."""

    encoders: dict[str, EncoderSettings]
    """Modality -> frozen encoder; a path leads there from here."""
    crops: CropSettings
    features: ExtractSettings
    decoding: DecodingSettings
    """Defaults: what the config said when the model was trained."""


def read_setup(folder: ModelFolder) -> Setup:
    """The setup that a model's ``run.json`` holds.

    Raises:
        InputError: it holds none, or what it holds cannot be used.
    """
    content, file = folder.run.get("setup"), folder.path / RUN
    if not content:
        raise InputError(
            f"{file} does not say how crops, tokens and transcripts are made, as the model was "
            f"trained outside the workflow or by an earlier version; add it with `mavsr seal "
            f"{folder.path}`, giving the --configfile that it was trained with"
        )
    try:
        encoders = {m: dict(content["encoders"][m]) for m in TASKS[folder.settings.task]}
        for section in encoders.values():
            section.pop("name", None)
            section["path"] = located(section["path"], folder.path)
        crops = crop_settings(content)
        return Setup(
            {modality: EncoderSettings(**section) for modality, section in encoders.items()},
            replace(
                crops,
                landmarks=_located(crops.landmarks, folder),
                weights=_located(crops.weights, folder),
            ),
            extract_settings(content),
            decoding_settings(content),
        )
    except (KeyError, TypeError, InputError) as error:
        raise InputError(
            f"{file}: its `setup` cannot be used ({error!r}); write it anew with `mavsr seal "
            f"{folder.path}`, giving the --configfile that the model was trained with"
        ) from error


def _located(path: Path | None, folder: ModelFolder) -> Path | None:
    return path and Path(located(str(path), folder.path))
