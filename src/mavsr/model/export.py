"""Command: what one scale of a trained model needs, as a folder for use without this project.

LoRA methods give an adapter that plain ``peft.PeftModel.from_pretrained(llm, folder)`` reads, MoME
methods their experts; projectors and marker rows of that scale lie beside it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import safetensors.torch

from mavsr.command import run_command
from mavsr.errors import InputError
from mavsr.files import atomic, write_json
from mavsr.model.adapters.registry import adapter_module
from mavsr.model.folder import ADAPTERS, PROJECTORS, ModelFolder, read_model_folder
from mavsr.model.llm import empty_llm, written_config
from mavsr.model.scales import MODALITIES, OMNI, Scale
from mavsr.model.settings import ModelSettings
from mavsr.model.vocabulary import PREFIX
from mavsr.provenance import provenance


def export(model: Path, scale: str, output: Path) -> None:
    """Write a new folder with the adapter, projectors and marker rows of one scale.

    ``projectors.safetensors`` holds ``<modality>.<layer>.weight`` and ``.bias`` of each projector,
    ``<modality>.compressor.*`` of a learned compression (:mod:`mavsr.model.compressors.resampler`),
    and ``markers`` (<audio>, </audio>, <video>, </video>), and of an imported model the rows that
    it adds to the LLM's tables (:mod:`mavsr.model.vocabulary`); ``export.json`` says what it is.

    Args:
        model: folder of a trained model.
        scale: rates such as ``16,5`` (audio, video), ``16`` for one modality, or ``a16_v5``.
        output: the folder; it must be new or empty.

    Raises:
        InputError: the folder is no whole model, does not serve the scale, or is over an LLM to
            which plain PEFT would not apply its LoRAs rightly.
    """
    folder = read_model_folder(model)
    chosen = read_scale(scale, folder.settings)
    with new_folder(output) as partial:
        write_scale(folder, chosen, partial)
    print(f"{output}: {folder.settings.method} at {chosen.name}, over {folder.settings.llm}")


@contextmanager
def new_folder(output: Path) -> Iterator[Path]:
    """Yield a folder that is ``output`` once all is in it; InputError if that has content."""
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise InputError(f"{output} is there already; remove it or name another folder")
    with atomic(output.resolve()) as partial:  # "." has no name
        partial.mkdir()
        yield partial


def write_scale(folder: ModelFolder, scale: Scale, output: Path) -> None:
    """Write the files of :func:`export` into an empty folder."""
    settings = folder.settings
    _check_head(settings)
    projectors = _projectors(folder.path / PROJECTORS, settings, scale)
    adapter_module(settings.method).export(folder.path / ADAPTERS, settings, scale, output)
    safetensors.torch.save_file(projectors, output / PROJECTORS)
    description = {
        "model": folder.run["model"],
        "scale": scale.name,
        "dims": folder.dims,
        **provenance(),
    }
    write_json(output / "export.json", description)


def _check_head(settings: ModelSettings) -> None:
    """Raise InputError if a LoRA is on an output head that the LLM ties to its embedding table.

    PEFT reads and applies it, but to merge it changes the one tensor that both are.
    """
    if not settings.lora_targets:
        return
    llm = empty_llm(written_config(settings.llm, settings.llm_revision))
    head = llm.get_output_embeddings()
    name = next((n for n, module in llm.named_modules() if module is head), "")
    if llm.config.tie_word_embeddings and name in settings.lora_targets:
        raise InputError(
            f"lora_targets has {name!r}, which {settings.llm} ties to its embedding table: merged "
            "by PEFT, its LoRA would change the embeddings too. Train without it, or over an LLM "
            "whose tables are two (tie_word_embeddings: false)"
        )


def read_scale(text: str, settings: ModelSettings) -> Scale:
    """The scale that ``16,5``, ``16`` or ``a16_v5`` names for a model.

    Raises:
        InputError: it is none, or the model does not serve it.
    """
    if re.fullmatch(r"\s*\d+\s*(,\s*\d+\s*)*", text):
        rates = [int(rate) for rate in text.split(",")]
        modalities = MODALITIES[settings.task]
        if len(rates) != len(modalities):
            of_several = f" or a name such as {settings.scales[0].name}" * (settings.task == OMNI)
            raise InputError(
                f"--scale {text!r}: the model's task {settings.task} wants one rate for each of "
                f"{', '.join(modalities)}{of_several}"
            )
        scale = Scale(**dict(zip(modalities, rates, strict=True)))
    else:
        scale = Scale.parse(text)
    settings.check_scale(scale)
    return scale


def _projectors(path: Path, settings: ModelSettings, scale: Scale) -> dict:
    tensors = safetensors.torch.load_file(path)
    kept = ("markers", *(name for name in tensors if name.startswith(PREFIX)))
    chosen = {name: tensors[name] for name in kept}
    for modality, rate in scale.rates.items():
        prefix = f"projectors.{modality}_{settings.projector_rate(rate)}."
        own = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
        if not own:
            raise InputError(f"{path} holds no {prefix}*, so it is not of this model")
        chosen |= {f"{modality}.{name}": tensor for name, tensor in own.items()}
        prefix = f"compressors.{modality}."
        chosen |= {
            f"{modality}.compressor.{name.removeprefix(prefix)}": tensor
            for name, tensor in tensors.items()
            if name.startswith(prefix)
        }
    return chosen


if __name__ == "__main__":
    run_command(export)
