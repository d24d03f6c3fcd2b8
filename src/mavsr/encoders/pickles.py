"""Read a PyTorch checkpoint without running anything that its author put into it.

A ``.pt`` file is a pickle, and a pickle may call any function it can name. PyTorch's own answer,
``weights_only=True``, refuses files which hold other objects than tensors, and public fairseq
checkpoints do (dictionaries, settings). Here such names become inert placeholders instead
(:mod:`mavsr.pickles`): the tensors arrive, the foreign objects are empty shells.
"""

import argparse
import pickle
import re
import tarfile
import types
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from mavsr.checkpoints import is_lfs_pointer
from mavsr.errors import InputError
from mavsr.pickles import BUILTINS, Names, placeholder


def _tensor(storage: Any, offset: int, size: Any, stride: Any, *_: Any) -> torch.Tensor:
    return torch._utils._rebuild_tensor(storage, offset, size, stride)


def _parameter(data: torch.Tensor, *_: Any) -> torch.Tensor:
    return data


# torch.load itself resolves the storages of its table before it asks for a name. The rebuilders
# here drop what could be called later (hooks).
_REAL: Names = {
    **BUILTINS,
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
}


class _Unpickler(pickle.Unpickler):
    """Resolves the names of ``_REAL`` and ``argparse.Namespace``; all others are placeholders."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A pickle can set attributes of a class it names: it gets a class of its own.
        self._namespace = type("Namespace", (argparse.Namespace,), {})

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("argparse", "Namespace"):
            return self._namespace
        return _REAL.get((module, name)) or placeholder(module, name)

    def __setattr__(self, name: str, value: Any) -> None:
        # Besides storages, torch's old format knows saved modules, whose source code torch compares
        # with the installed one and may write to a file.
        if name == "persistent_load":
            super().__setattr__(name, _storages_only(value))
        else:
            super().__setattr__(name, value)


def _storages_only(load: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def persistent_load(saved_id: Any) -> Any:
        if not isinstance(saved_id, tuple) or saved_id[0] not in ("storage", b"storage"):
            raise pickle.UnpicklingError("it refers to something other than tensor data")
        return load(saved_id)

    return persistent_load


def _load(file: Any, **kwargs: Any) -> Any:
    return _Unpickler(file, **kwargs).load()


_PICKLE = types.SimpleNamespace(__name__=__name__, Unpickler=_Unpickler, load=_load)


def load_untrusted(path: Path) -> Any:
    """Read a file written by ``torch.save`` onto the CPU, running no code of it.

    Args:
        path: a checkpoint in PyTorch's zip format (mapped into memory, so weights nobody touches
            take none; every record is held against its checksum) or in the format before version
            1.6, which has no checksums.

    Returns:
        The saved object. Tensors, containers, numbers, strings and ``argparse.Namespace`` are
        themselves (parameters become plain tensors); every other object is a Placeholder.

    Raises:
        InputError: the file is missing, damaged, or not such a checkpoint.

    """
    return _read(path, {"pickle_module": _PICKLE, "weights_only": False})


def load_weights(path: Path) -> Any:
    """Read a file of tensors, containers, numbers and strings alone, as ``weights_only`` does.

    Args:
        path: as for :func:`load_untrusted`.

    Raises:
        InputError: the file is missing or damaged, or holds other objects, which could be code.

    """
    return _read(path, {"weights_only": True})


def _read(path: Path, how: dict[str, Any]) -> Any:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"checkpoint {path} {what}; correct the path or download the file")
    if is_lfs_pointer(path):
        raise InputError(f"{path} is a Git LFS pointer and not the file itself; fetch the file")
    try:
        is_zip = _is_zip(path)
        # torch.load would hand such a file to the TorchScript interpreter.
        if is_zip and "constants.pkl" in torch._C.PyTorchFileReader(str(path)).get_all_records():
            raise InputError(f"{path} is a TorchScript program; give the checkpoint of the weights")
        if not is_zip and tarfile.is_tarfile(path):
            raise InputError(f"{path} is a tar file; give the .pt checkpoint inside it")
        if is_zip and (record := _damaged_record(path)):
            raise InputError(
                f"{path} is damaged: {record} has another checksum than was written; fetch it again"
            )
        return torch.load(path, map_location="cpu", mmap=is_zip, **how)
    except InputError:
        raise
    except Exception as error:  # a damaged pickle may raise anything
        if found := re.search(r"GLOBAL (\S+)", str(error)):
            raise InputError(
                f"{path} is no plain file of weights: it names {found[1]}, which loading it would "
                "run or build; nothing was loaded. Fetch the file from where it was released"
            ) from error
        raise InputError(
            f"{path} cannot be read as a PyTorch checkpoint ({type(error).__name__}: "
            f"{_said(error)}); the download may be incomplete: fetch it again"
        ) from error


def _said(error: Exception) -> str:
    """What an error says, without torch's advice to load the file with code and all."""
    said = str(error).rpartition("WeightsUnpickler error: ")[2].strip()
    return said.partition("\n")[0]


def _is_zip(path: Path) -> bool:
    """Whether torch.load takes the file for a zip archive, by the same four bytes."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _damaged_record(path: Path) -> str | None:
    """The first record whose bytes changed after they were written, which torch does not notice."""
    with zipfile.ZipFile(path) as archive:
        return archive.testzip()
