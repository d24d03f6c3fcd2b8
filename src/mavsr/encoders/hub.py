"""Find a Whisper model's files: in a folder here, in the local cache, or on the hub."""

from pathlib import Path

from mavsr.checkpoints import ENCODER, EXTRACTOR, check_folder, weight_files
from mavsr.errors import InputError
from mavsr.hub import hub_folder

_WEIGHT_FILES = ("model.safetensors", "model.safetensors.index.json", "model-*.safetensors")


def whisper_folder(name_or_folder: str | Path, revision: str | None, offline: bool) -> Path:
    """Local folder of a model, complete, after fetching what is missing of a hub model.

    Args:
        name_or_folder: a folder here, or a model's name on the hub.
        revision: commit, tag or branch of a hub model.
        offline: take a hub model from the local cache alone.

    Raises:
        InputError: the model is missing, gated or not reachable, or its folder is incomplete, or
            holds half a file or a pointer of Git LFS.

    """
    folder = Path(name_or_folder)
    if not folder.is_dir():
        patterns = [*ENCODER, *_WEIGHT_FILES]
        folder = hub_folder("Whisper", str(name_or_folder), revision, patterns, offline)
    if not any((folder / name).is_file() for name in EXTRACTOR):
        raise InputError(
            f"{folder} lacks {' or '.join(EXTRACTOR)}; give a complete Whisper folder in Hugging "
            "Face's format"
        )
    check_folder(folder, f"Whisper {str(name_or_folder)!r}", ENCODER)
    if weight_files(folder)[-1].suffix == ".bin":
        raise InputError(
            f"{folder} holds its weights as a pickle alone, which is not read; fetch its "
            "model.safetensors"
        )
    return folder
