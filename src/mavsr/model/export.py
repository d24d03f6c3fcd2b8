"""Command: what one scale of a trained model needs, as a folder for use without this project.

LoRA methods give an adapter that plain ``peft.PeftModel.from_pretrained(llm, folder)`` reads, MoME
methods their experts; projectors and marker rows of that scale lie beside it.
"""

import re
from pathlib import Path

import safetensors.torch

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.files import atomic, write_json
from mavsr.model.adapters.registry import adapter_module
from mavsr.model.folder import read_model_folder
from mavsr.model.scales import TASKS, Scale
from mavsr.model.settings import ModelSettings
from mavsr.provenance import provenance


def export(model: Path, scale: str, output: Path) -> None:
    """Write a folder with the adapter, projectors and marker rows of one scale.

    ``projectors.safetensors`` holds ``<modality>.<layer>.weight`` and ``.bias`` of each projector
    and ``markers`` (<audio>, </audio>, <video>, </video>); ``export.json`` says what it is.

    Args:
        model: folder of a trained model.
        scale: rates such as ``16,5`` (audio, video), ``16`` for one modality, or ``a16_v5``.
        output: the folder; it must be new or empty.
    """
    folder = read_model_folder(model)
    settings = folder.settings
    chosen = read_scale(scale, settings)
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise InputError(f"{output} is there already; remove it or name another folder")
    projectors = _projectors(model / "projectors.safetensors", settings, chosen)
    with atomic(output) as partial:
        partial.mkdir()
        adapter_module(settings.method).export(model / "adapters", settings, chosen, partial)
        safetensors.torch.save_file(projectors, partial / "projectors.safetensors")
        description = {
            "model": folder.run["model"],
            "scale": chosen.name,
            "dims": folder.dims,
            **provenance(),
        }
        write_json(partial / "export.json", description)
    print(f"{output}: {settings.method} at {chosen.name}, over {settings.llm}")


def read_scale(text: str, settings: ModelSettings) -> Scale:
    """The scale that ``16,5``, ``16`` or ``a16_v5`` names for a model.

    Raises:
        InputError: it is none, or the model does not serve it.
    """
    modalities = TASKS[settings.task]
    if re.fullmatch(r"\s*\d+\s*(,\s*\d+\s*)*", text):
        rates = [int(rate) for rate in text.split(",")]
        if len(rates) != len(modalities):
            raise InputError(
                f"--scale {text!r}: the model's task {settings.task} wants one rate for each of "
                f"{', '.join(modalities)}"
            )
        scale = Scale(**dict(zip(modalities, rates, strict=True)))
    else:
        scale = Scale.parse(text)
    settings.check_scale(scale)
    return scale


def _projectors(path: Path, settings: ModelSettings, scale: Scale) -> dict:
    if not path.is_file():
        raise InputError(f"{path} is missing; train the model again")
    tensors = safetensors.torch.load_file(path)
    chosen = {"markers": tensors["markers"]}
    for modality, rate in scale.rates.items():
        prefix = f"projectors.{modality}_{settings.projector_rate(rate)}."
        own = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
        if not own:
            raise InputError(f"{path} holds no {prefix}*, so it is not of this model")
        chosen |= {f"{modality}.{name}": tensor for name, tensor in own.items()}
    return chosen


if __name__ == "__main__":
    run_command(export)
