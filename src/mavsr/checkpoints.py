"""Model folders in Hugging Face's format: which files decide what a model does, and are they whole.

Nothing here loads weights or imports torch, because the workflow asks for the inputs of every job.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mavsr.errors import InputError
from mavsr.files import sha256

EXTRACTOR = ("preprocessor_config.json", "processor_config.json")
"""Where a Whisper's feature extractor stands: by itself, or in its processor's file alone, as
transformers 5 writes it. Of both, the processor's counts."""
ENCODER = ("config.json", *EXTRACTOR)
"""What a Whisper encoder reads beside its weights; ``generation_config.json`` is not among it."""
LLM = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "*.tiktoken",
    "*.model",
)
"""What an LLM is made of beside its weights: sizes, and the tokenizer with its EOS token."""
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""In the order in which transformers looks for them; sharded ones have an index of this name."""
_LFS = b"version https://git-lfs"


def identity_files(path: str | Path, read: Sequence[str] = LLM) -> list[Path]:
    """Files that decide what the model at ``path`` does, sorted; none of a hub model.

    Args:
        path: a folder, a single file (which is then all there is), or a hub model's name.
        read: names beside the weights, ``ENCODER`` or ``LLM``.
    """
    here = Path(path)
    if here.is_file():
        return [here]
    named = {file for pattern in read for file in here.glob(pattern)}
    return sorted(named | set(weight_files(here)))


def weight_files(folder: Path) -> list[Path]:
    """The files with a folder's weights and the index of shards, of the format that is loaded."""
    for name in _WEIGHTS:
        if (folder / name).is_file():
            return [folder / name]
        index = folder / f"{name}.index.json"
        if index.is_file():
            return [index, *sorted(index.with_name(shard) for shard in _shards(index))]
    return []


def identity(path: str | Path, read: Sequence[str] = LLM) -> dict[str, str]:
    """Name -> SHA-256 of every file in :func:`identity_files`."""
    return {file.name: sha256(file) for file in identity_files(path, read)}


def check_folder(folder: Path, what: str, read: Sequence[str] = LLM) -> None:
    """Make sure that a folder's files are there and whole, as far as their structure tells.

    Args:
        folder: in Hugging Face's format.
        what: what it is, for messages, such as ``the LLM 'x'``.
        read: names beside the weights, ``ENCODER`` or ``LLM``.

    Raises:
        InputError: a file is missing, empty, cut off, or a pointer of Git LFS.
    """
    weights = weight_files(folder)
    if not weights:
        others = sorted(path.name for path in folder.glob("*.gguf"))
        found = f"only {others[0]}, which is llama.cpp's format" if others else "none"
        raise InputError(
            f"{what} cannot be loaded: {folder} holds no weights as model.safetensors "
            f"({found}); fetch the folder that has them"
        )
    for path in sorted({folder / "config.json", *identity_files(folder, read)}):
        if trouble := _trouble(path):
            raise InputError(f"{what} cannot be loaded: {path} {trouble}; fetch the file again")


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if there is no such file, or no object in it."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def values(content: Any, key: str) -> Iterator[Any]:
    """Every value of ``key`` in a nested JSON object."""
    if isinstance(content, dict):
        for name, value in content.items():
            if name == key:
                yield value
            yield from values(value, key)


def _shards(index: Path) -> set[str]:
    found = read_object(index).get("weight_map")
    return set(map(str, found.values())) if isinstance(found, dict) else set()


def is_lfs_pointer(path: Path) -> bool:
    """Whether a file is what Git LFS leaves in a clone in place of the file itself."""
    with path.open("rb") as file:
        return file.read(len(_LFS)) == _LFS


def _trouble(path: Path) -> str:
    """What is wrong with a file; "" if nothing is seen."""
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        if not size:
            return "is empty"
        if is_lfs_pointer(path):
            return "is a Git LFS pointer and not the file itself"
        if path.suffix == ".safetensors":
            length = int.from_bytes(start[:8], "little")
            file.seek(8)
            return _unlike_header(file.read(min(length, size)), length, size)
    if path.suffix == ".json":
        try:
            json.loads(path.read_bytes())
        except ValueError as error:
            return f"is cut off or no JSON ({error})"
    return ""


def _unlike_header(text: bytes, length: int, size: int) -> str:
    try:
        entries = json.loads(text)
        ends = [e["data_offsets"][1] for name, e in entries.items() if name != "__metadata__"]
        expected = 8 + length + max(ends, default=0)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return "has no header of safetensors: it is cut off or damaged"
    return "" if expected == size else f"has {size:,} bytes instead of {expected:,}"
