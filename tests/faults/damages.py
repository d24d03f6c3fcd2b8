"""Ways in which a file is damaged, and what became of reading it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mavsr.errors import InputError

PAGE = 4096
"""What a power cut or a bad block takes: a page of the file system."""
FLIPS = (0.07, 0.23, 0.41, 0.58, 0.76, 0.93)
"""Where single bytes are changed, as shares of the file."""


def _zeroed(content: bytes, start: int) -> bytes:
    start, size = max(start, 0), min(PAGE, -(-len(content) // 3))
    return content[:start] + bytes(len(content[start : start + size])) + content[start + size :]


def _flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0x15]) + content[place + 1 :]


DAMAGES: dict[str, Callable[[bytes], list[bytes]]] = {
    "cut": lambda c: [c[: len(c) // 2], c[:-1], c[: -min(PAGE, len(c) // 3)]],
    "emptied": lambda c: [b""],
    "zeroed at the start": lambda c: [_zeroed(c, 0)],
    "zeroed in the middle": lambda c: [_zeroed(c, len(c) // 2 // PAGE * PAGE or len(c) // 3)],
    "zeroed at the end": lambda c: [_zeroed(c, len(c) - min(PAGE, len(c) // 3))],
    "second half zeroed": lambda c: [c[: len(c) // 2] + bytes(len(c) - len(c) // 2)],
    "bytes flipped": lambda c: [_flipped(c, int(share * len(c))) for share in FLIPS],
}
"""Name -> the damaged contents to try."""


@dataclass(frozen=True)
class Row:
    """A kind of file and what reads it."""

    what: str
    """What the file is."""
    reader: str
    """What reads it."""
    file: Path
    read: Callable[[], object]
    """Reads it as a job does; what it returns is the result, to be compared."""


def outcomes(row: Row) -> dict[str, str]:
    """Damage -> "stops", "same bytes" or both; anything else is a fault of the product.

    A stop must name the file and a command. The file is put back in the end.
    """
    whole, right = row.file.read_bytes(), row.read()
    found: dict[str, set[str]] = {}
    for name, damage in DAMAGES.items():
        for content in damage(whole):
            row.file.write_bytes(content)
            try:
                same = row.read() == right
                outcome = "same bytes" if same else "SILENTLY WRONG"
            except InputError as error:
                told = str(row.file) in str(error) and "snakemake" in str(error)
                outcome = "stops" if told else f"DOES NOT NAME FILE AND REMEDY: {error}"
            except Exception as error:
                outcome = f"TRACEBACK: {error!r}"
            finally:
                row.file.write_bytes(whole)
            found.setdefault(name, set()).add(outcome)
    return {name: " or ".join(sorted(kinds, reverse=True)) for name, kinds in found.items()}


def line(row: Row, found: dict[str, str]) -> str:
    """The row as it stands in docs/reruns.md."""
    return "| " + " | ".join([row.what, row.reader, *(found[name] for name in DAMAGES)]) + " |"
