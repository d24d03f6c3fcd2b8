"""Fetch what is needed of a model on Hugging Face's hub, or find it in the local cache."""

from collections.abc import Sequence
from pathlib import Path

import huggingface_hub
from huggingface_hub import constants  # no attribute of the package before this import
from huggingface_hub.errors import GatedRepoError, HFValidationError

from mavsr.checkpoints import weight_files
from mavsr.errors import InputError


def hub_folder(
    kind: str, name: str, revision: str | None, patterns: Sequence[str], offline: bool = False
) -> Path:
    """Local folder of a hub model, after fetching what is missing of it.

    Args:
        kind: what it is, for messages: ``Whisper`` or ``LLM``.
        name: of the model on the hub.
        revision: commit, tag or branch.
        patterns: of the files that are needed.
        offline: take it from the local cache alone.

    Raises:
        InputError: the model is missing, gated or not reachable.
    """
    page = f"{constants.ENDPOINT}/{name}"
    try:
        return Path(
            huggingface_hub.snapshot_download(
                name,
                revision=revision,
                allow_patterns=list(patterns),
                local_files_only=offline,
            )
        )
    except GatedRepoError as error:
        raise InputError(
            f"{kind} model {name!r} is gated: accept its terms on {page}, then set HF_TOKEN to an "
            "access token of that account. Once it is in the local cache, HF_HUB_OFFLINE=1 uses it "
            "without asking"
        ) from error
    except HFValidationError as error:
        raise InputError(
            f"{kind} folder {name} does not exist, and it is no name of a hub model either; "
            "correct the path"
        ) from error
    except Exception as error:  # connections break in many ways, and proxies answer anything
        at = f" at revision {revision!r}" if revision else ""
        raise InputError(
            f"{kind} model {name!r}{at} is neither a folder here nor available. Correct the name; "
            f"or see {page} and set HF_TOKEN if the model is private; with HF_HUB_OFFLINE=1 or "
            f"local_files_only it must be in the local cache: fetch it once online. ({error})"
        ) from error


def check_hub(kind: str, name: str, revision: str | None) -> None:
    """Make sure that a hub model can be had, by fetching no more than its ``config.json``.

    Terms that were not accepted, a lacking token, a wrong name or no way to the hub show so before
    the jobs that take hours and come first.

    Args:
        kind: what it is, for messages: ``Whisper`` or ``LLM``.
        name: of the model on the hub.
        revision: commit, tag or branch.

    Raises:
        InputError: it is missing, gated or not reachable, or not whole in the local cache, which
            alone counts under ``HF_HUB_OFFLINE=1``.
    """
    offline = constants.HF_HUB_OFFLINE
    folder = hub_folder(kind, name, revision, ["config.json"], offline)
    if offline and not weight_files(folder):
        raise InputError(
            f"{kind} model {name!r} is in the local cache without its weights ({folder}), and "
            "HF_HUB_OFFLINE=1 forbids to ask for them; fetch it once online"
        )
