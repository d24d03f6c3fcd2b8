"""A trained model and the features of a split, for commands that look into the model."""

import json
from pathlib import Path

from mavsr.errors import InputError
from mavsr.features.join import UtteranceSource, check_modalities
from mavsr.features.origin import check_encoders, check_pooling
from mavsr.model.avsr import MatryoshkaModel
from mavsr.model.settings import ModelSettings


def settings_in(model: Path) -> ModelSettings:
    """Settings of the trained model in a folder.

    Raises:
        InputError: there is none.
    """
    return ModelSettings.from_dict(_run(model)["model"])


def open_source(
    model: Path, manifest: Path, audio: Path | None, video: Path | None
) -> UtteranceSource:
    """The clips of a split, as the model in a folder reads them.

    Raises:
        InputError: a feature index is missing, or its features are of another encoder.
    """
    settings = settings_in(model)
    indexes = {m: path for m, path in (("audio", audio), ("video", video)) if path}
    check_modalities(settings.task, indexes)
    source = UtteranceSource(manifest, indexes)
    check_encoders(_run(model).get("encoders", {}), source)
    check_pooling(settings, source)
    return source


def open_model(model: Path) -> MatryoshkaModel:
    """The trained model in a folder, on the CPU, for evaluation."""
    network = MatryoshkaModel(settings_in(model), _run(model)["dims"])
    network.load(model)
    return network.eval()


def _run(model: Path) -> dict:
    if not (model / "run.json").is_file():
        raise InputError(f"{model}/run.json does not exist; run `snakemake {model}/run.json`")
    return json.loads((model / "run.json").read_text())
