"""Find a Whisper model's files: in a folder here, in the local cache, or on the hub."""

from pathlib import Path

import huggingface_hub
from huggingface_hub.errors import GatedRepoError, HFValidationError

from mavsr.errors import InputError

_CONFIG_FILES = ("config.json", "preprocessor_config.json")
_WEIGHT_FILES = ("model.safetensors", "model.safetensors.index.json", "model-*.safetensors")


def whisper_folder(name_or_folder: str | Path, revision: str | None, offline: bool) -> Path:
    """Local folder of a model, complete, after fetching what is missing of a hub model.

    Args:
        name_or_folder: a folder here, or a model's name on the hub.
        revision: commit, tag or branch of a hub model.
        offline: take a hub model from the local cache alone.

    Raises:
        InputError: the model is missing, gated or not reachable, or its folder is incomplete.

    """
    local = Path(name_or_folder).is_dir()
    folder = Path(name_or_folder) if local else _hub_folder(str(name_or_folder), revision, offline)
    missing = [name for name in _CONFIG_FILES if not (folder / name).is_file()]
    if missing or not any(folder.glob("model*.safetensors")):
        raise InputError(
            f"{folder} lacks {', '.join(missing or _WEIGHT_FILES[:1])}; give a complete Whisper "
            "folder in Hugging Face's format"
        )
    return folder


def _hub_folder(name: str, revision: str | None, offline: bool) -> Path:
    page = f"{huggingface_hub.constants.ENDPOINT}/{name}"
    try:
        return Path(
            huggingface_hub.snapshot_download(
                name,
                revision=revision,
                allow_patterns=[*_CONFIG_FILES, *_WEIGHT_FILES],
                local_files_only=offline,
            )
        )
    except GatedRepoError as error:
        raise InputError(
            f"Whisper model {name!r} is gated: accept its terms on {page}, then set HF_TOKEN to an "
            "access token of that account. Once it is in the local cache, HF_HUB_OFFLINE=1 uses it "
            "without asking"
        ) from error
    except HFValidationError as error:
        raise InputError(
            f"Whisper folder {name} does not exist, and it is no name of a hub model either; "
            "correct the path"
        ) from error
    except Exception as error:  # connections break in many ways, and proxies answer anything
        at = f" at revision {revision!r}" if revision else ""
        raise InputError(
            f"Whisper model {name!r}{at} is neither a folder here nor available. Correct the name; "
            f"or see {page} and set HF_TOKEN if the model is private; with HF_HUB_OFFLINE=1 or "
            f"local_files_only it must be in the local cache: fetch it once online. ({error})"
        ) from error
