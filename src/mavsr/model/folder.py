"""The folder of a trained model: what it says of itself, held against what lies in it.

``run.json`` has the resolved setup, and the SHA-256 of every file that training wrote, of the LLM's
files and of itself. Whoever reads a model does so through here: damage that keeps a file's
structure would otherwise be decoded, and nothing would show it. Nothing here imports torch.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mavsr.checkpoints import identity
from mavsr.errors import InputError
from mavsr.files import sha256, write_json
from mavsr.model.settings import ModelSettings
from mavsr.remedies import rebuild_command

RUN = "run.json"
METRICS = "metrics.csv"
PROJECTORS = "projectors.safetensors"
ADAPTERS = "adapters"
_DIGESTS = ("files", "llm_sha256", "run_sha256")


@dataclass(frozen=True)
class ModelFolder:
    """A trained model whose files are what training wrote."""

    path: Path
    run: Mapping[str, Any]
    """``run.json``: model, training, setup, encoders, data, digests, versions."""
    settings: ModelSettings
    """What the model is; ``llm`` leads to the LLM from here, wherever the folder was moved."""

    @property
    def dims(self) -> dict[str, int]:
        """Modality -> width of the encoder's tokens."""
        return self.run["dims"]

    @property
    def encoders(self) -> dict[str, dict[str, Any]]:
        """Modality -> what the tokens it was trained on say made them."""
        return self.run.get("encoders", {})

    def held_as(self, quantization: str | None) -> "ModelFolder":
        """The model over its LLM held as ``nf4`` or ``none``; as in training, if not given."""
        if quantization is None:
            return self
        held = None if quantization == "none" else quantization
        return replace(self, settings=replace(self.settings, quantization=held))

    def remedy(self) -> str:
        """What to do about a folder that is damaged, or whose LLM or encoders are others now."""
        if "imported" in self.run:
            return "put back the files from a copy, or import the checkpoint again"
        return f"put back the files from a copy, or train again: {rebuild_command(self.path / RUN)}"


def read_model_folder(path: Path) -> ModelFolder:
    """Read ``run.json`` and compare every file that training wrote with its digest.

    Args:
        path: the folder; its name does not matter.

    Raises:
        InputError: ``path`` is no trained model, is damaged, or was made before models had digests
            and has not been taken over by ``mavsr seal``.
    """
    folder = read_unsealed(path)
    remedy = folder.remedy()
    lacking = [key for key in _DIGESTS if key not in folder.run]
    if len(lacking) == len(_DIGESTS):
        raise InputError(
            f"{path / RUN} is of an earlier version and has no digests, so damage to this model "
            f"would go unseen. Look at it and take it over with `mavsr seal {path}`, giving the "
            "--configfile that it was trained with; or train it again"
        )
    if lacking or folder.run["run_sha256"] != _own_digest(folder.run):
        raise InputError(f"{path / RUN} is not what training wrote; {remedy}")
    changed = changed_files(path, folder.run["files"])
    if changed:
        name, trouble = next(iter(changed.items()))
        more = f" ({len(changed) - 1} more files as well)" if len(changed) > 1 else ""
        raise InputError(f"{path / name} {trouble}{more}; {remedy}")
    return folder


def read_unsealed(path: Path) -> ModelFolder:
    """What ``run.json`` says, without a look at any digest: only for the command that seals.

    Raises:
        InputError: it is missing, empty, cut off, or says nothing of a model.
    """
    file = path / RUN
    if not file.is_file():
        raise InputError(
            f"{file} does not exist, so {path} is no trained model; give a folder under "
            f"results/training, or train it: run `snakemake {file}`"
        )
    try:
        run = json.loads(file.read_text(encoding="utf-8"))
        settings = ModelSettings.from_dict(run["model"])
        widths = {modality: int(width) for modality, width in run["dims"].items()}
    except InputError as error:
        raise InputError(f"{file}: {error}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{file} is cut off, empty or damaged ({error!r}); put it back from a copy, or train "
            f"again: {rebuild_command(file)}"
        ) from error
    settings = replace(settings, llm=located(settings.llm, path))
    return ModelFolder(path, {**run, "dims": widths}, settings)


def write_run(folder: Path, content: Mapping[str, Any]) -> None:
    """Write ``run.json`` with the digests of what lies beside it; it comes last.

    Args:
        folder: of the model, complete but for ``run.json``.
        content: what the file is to say.
    """
    run = {**content, "files": file_digests(folder)}
    run.pop("run_sha256", None)
    run = json.loads(json.dumps(run, ensure_ascii=False))  # a tuple becomes a list, as when read
    write_json(folder / RUN, {**run, "run_sha256": _own_digest(run)})


def file_digests(folder: Path) -> dict[str, str]:
    """Path within the folder -> SHA-256 of every file that training wrote but ``run.json``."""
    files = [folder / PROJECTORS, folder / METRICS, *(folder / ADAPTERS).rglob("*")]
    return {
        file.relative_to(folder).as_posix(): sha256(file)
        for file in sorted(files)
        if file.is_file() and not _hidden(file)
    }


def changed_files(folder: Path, digests: Mapping[str, str]) -> dict[str, str]:
    """Path within the folder -> what is wrong with it, for every file unlike its digest."""
    found = file_digests(folder)
    return {
        name: "is missing"
        if name not in found
        else f"is not what training wrote (SHA-256 {found[name][:12]}..., not {digest[:12]}...)"
        for name, digest in digests.items()
        if found.get(name) != digest and not _hidden(Path(name))
    }


def _hidden(file: Path) -> bool:
    """Whether a file is of other software, as Snakemake's time stamps of folders are."""
    return file.name.startswith(".")


def check_member(file: Path) -> ModelFolder:
    """The model that a file belongs to, for whoever reads that file alone, such as ``metrics.csv``.

    Raises:
        InputError: the file is not what training wrote.
    """
    folder = read_unsealed(file.parent)
    digests = folder.run.get("files", {})
    if file.name not in digests:
        read_model_folder(file.parent)  # says what an earlier version needs
    if not file.is_file() or sha256(file) != digests[file.name]:
        raise InputError(f"{file} is not what training wrote; {folder.remedy()}")
    return folder


def check_llm(folder: ModelFolder, llm: Path) -> None:
    """Raise InputError unless an LLM's folder holds the files that the model was trained over.

    Weights, ``config.json`` and tokenizer count: another EOS token gives other transcripts.

    Args:
        folder: of the model.
        llm: where the LLM is now.
    """
    expected, found = folder.run["llm_sha256"], identity(llm)
    if odd := sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name)):
        raise InputError(
            f"{folder.path} was trained over another LLM than {folder.settings.llm} is now: "
            f"{', '.join(odd)} in {llm} differ from what its run.json says; {folder.remedy()}"
        )


def located(path: str, start: Path) -> str:
    """Where a relative path leads: from here, or from the first folder above ``start`` that has it.

    So a model works from any working directory, and moved along with its project. What is found
    must have the digests of what is looked for anyway.
    """
    if Path(path).is_absolute() or Path(path).exists():
        return path
    above = (place / path for place in start.absolute().parents)
    return next((str(place) for place in above if place.exists()), path)


def _own_digest(run: Mapping[str, Any]) -> str:
    content = {key: value for key, value in run.items() if key != "run_sha256"}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
