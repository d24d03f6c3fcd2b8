"""Of a config, what the recognition of single files needs: as the workflow's rules hand it out."""

from collections.abc import Mapping
from dataclasses import fields
from itertools import product

from mavsr.config.config import Config
from mavsr.config.encoders import EncoderKeys
from mavsr.config.mouths import CropKeys, Retinaface
from mavsr.errors import InputError
from mavsr.features.settings import ExtractSettings
from mavsr.model.scales import TASKS
from mavsr.mouths.clip import CropSettings
from mavsr.workflow.paths import RETINAFACE


def crop_settings(config: Config) -> CropSettings:
    """How mouths are found: the section ``mouths``."""
    values = {field.name: getattr(config.mouths, field.name) for field in fields(CropKeys)}
    if config.mouths.retinaface.is_remote:
        batch = config.mouths.retinaface.batch
        values["retinaface"] = Retinaface(weights=RETINAFACE, batch=batch)
    return CropSettings(**values)


def extract_settings(config: Config) -> ExtractSettings:
    """How tokens are made: of the section ``features`` what concerns a single clip."""
    names = ("dtype", "precision", "long_clips", "longest_s")
    return ExtractSettings(**{name: getattr(config.features, name) for name in names})


def encoder_names(folder: str, task: str, encoders: Mapping[str, EncoderKeys]) -> dict[str, str]:
    """Modality -> name of the encoder that a model's folder is named after.

    Args:
        folder: name of the model's folder, see :attr:`mavsr.model.named.Model.name`.
        task: of the model.
        encoders: the section of that name.

    Raises:
        InputError: it is not named after encoders of the config.
    """
    choices = [
        [name for name, section in encoders.items() if section.modality == modality]
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
