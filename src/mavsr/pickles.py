"""Read pickled data without running anything that its author put into it.

A pickle may call any function it can name. Here a short list of names means what it says, and every
other name becomes an inert placeholder: the data arrive, foreign objects are empty shells.
"""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mavsr.errors import InputError

Names = dict[tuple[str, str], Callable]
"""(module, name) as a pickle spells it -> what to use for it."""


class Placeholder:
    """Stands in for an object of a foreign class: takes what a pickle gives it, does nothing."""

    def __new__(cls, *_: Any, **__: Any) -> "Placeholder":
        """Accept any arguments of a constructor."""
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __call__(self, *_: Any, **__: Any) -> "Placeholder":
        """Accept any arguments of a call."""
        return self

    def append(self, item: Any) -> None:
        """Accept an item of a pickled list."""

    def extend(self, items: Any) -> None:
        """Accept the items of a pickled list."""


def placeholder(module: str, name: str) -> type[Placeholder]:
    """Make a class of its own for a foreign name, as a pickle can set attributes of a class."""
    return type(name, (Placeholder,), {"__module__": module})


def _latin1(text: str, *_: Any) -> bytes:
    return text.encode("latin1")


# The encoder takes no codec name, so that none is looked up.
BUILTINS: Names = {
    ("_codecs", "encode"): _latin1,
    **{
        (module, kind.__name__): kind
        for module in ("builtins", "__builtin__")
        for kind in (dict, list, set, frozenset, tuple, int, float, complex, str, bytes, bool)
    },
}


def _empty_array(*_: Any) -> np.ndarray:
    return np.ndarray((0,), np.uint8)


def _array(data: Any, dtype: np.dtype, shape: Any, order: str) -> np.ndarray:
    return np.frombuffer(data, dtype).reshape(shape, order="F" if order == "F" else "C")


def _number(dtype: np.dtype, data: bytes) -> Any:
    return np.frombuffer(data, dtype)[0]


_ARRAYS: Names = {
    ("builtins", "bytearray"): bytearray,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    **{
        (f"numpy.{core}.{module}", name): function
        for core in ("core", "_core")
        for module, name, function in (
            ("multiarray", "_reconstruct", _empty_array),
            ("multiarray", "scalar", _number),
            ("numeric", "_frombuffer", _array),
        )
    },
}


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        names = BUILTINS | _ARRAYS
        return names.get((module, name)) or placeholder(module, name)


def load_arrays(path: Path) -> Any:
    """Read a pickle of containers, numbers, strings and NumPy arrays, running no code of it.

    Args:
        path: a file written by ``pickle.dump``, by Python 3 or 2.

    Returns:
        The saved object; what is none of these is a Placeholder.

    Raises:
        InputError: the file is missing, or no pickle.

    """
    try:
        with path.open("rb") as file:
            return _ArrayUnpickler(file, encoding="latin1").load()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except Exception as error:  # a damaged pickle may raise anything
        raise InputError(
            f"{path} cannot be read as a pickle ({type(error).__name__}: {error})"
        ) from error
