"""What a trained model's setup says of the way from a file to a transcript, as typed settings."""

from dataclasses import dataclass

from mavsr.encoders import EncoderSettings
from mavsr.errors import InputError
from mavsr.evaluation.settings import DecodingSettings
from mavsr.features.settings import ExtractSettings
from mavsr.model.folder import RUN, ModelFolder, located
from mavsr.model.scales import MODALITIES
from mavsr.mouths.clip import CropSettings


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
    if not content and (imported := folder.run.get("imported")):
        lacking = [m for m in MODALITIES[folder.settings.task] if m not in folder.encoders]
        raise InputError(
            f"{folder.path} cannot take files: the checkpoint that it was imported from "
            f"({imported['checkpoint']}) held no {' and no '.join(lacking)} encoder. Import one "
            "that does, or decode features of the encoder that it was trained over"
        )
    if not content:
        raise InputError(
            f"{file} does not say how crops, tokens and transcripts are made, as the model was "
            f"trained outside the workflow or by an earlier version; add it with `mavsr seal "
            f"{folder.path}`, giving the --configfile that it was trained with"
        )
    try:
        encoders = {m: dict(content["encoders"][m]) for m in MODALITIES[folder.settings.task]}
        for section in encoders.values():
            section.pop("name", None)
            section["path"] = located(section["path"], folder.path)
        mouths = dict(content["mouths"])
        mouths["landmarks"] = _located(mouths["landmarks"], folder)
        retinaface = mouths["retinaface"]
        weights = _located(retinaface["weights"], folder)
        mouths["retinaface"] = {**retinaface, "weights": weights}
        return Setup(
            {modality: EncoderSettings(**section) for modality, section in encoders.items()},
            CropSettings(**mouths),
            ExtractSettings(**content["features"]),
            DecodingSettings(**content["decoding"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        anew = (
            f"write it anew with `mavsr seal {folder.path}`, giving the --configfile that the "
            "model was trained with"
        )
        remedy = folder.remedy() if "imported" in folder.run else anew
        raise InputError(f"{file}: its `setup` cannot be used ({error!r}); {remedy}") from error


def _located(path: str | None, folder: ModelFolder) -> str | None:
    return path and located(path, folder.path)
