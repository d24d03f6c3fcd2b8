"""Hypothesis files: one JSON line per utterance, and a sidecar that says how they were made."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mavsr.errors import InputError
from mavsr.files import atomic, checksum
from mavsr.records import read_json, read_lines, write_record
from mavsr.remedies import rebuild_command

LINES = "lines_checksum"
"""Key of the sidecar: checksum of the file of lines."""
_NEEDED = {
    *("origin", "condition", "model", "audio_rate", "video_rate", "references_too_long"),
    *("active_parameters", "tokens", "tflops", "seconds"),
}
"""What a sidecar tells a reader, at least."""


@dataclass(frozen=True)
class Origin:
    """Names by which the config knows where hypotheses come from."""

    corpus: str
    split: str
    encoders: str
    """Names of the encoders, joined by ``+``, audio first."""
    llm: str
    trained_on: str = ""
    """What the config calls the training corpora; empty if the model was imported."""
    variant: str = ""
    """What tells models of one method apart, such as the experts of MoME; empty for most."""


@dataclass(frozen=True)
class Hypotheses:
    """What a hypothesis file and its sidecar say."""

    references: dict[str, str]
    """Key -> what was said."""
    texts: dict[str, str]
    """Key -> what was recognised."""
    sidecar: dict


def write_hypotheses(
    path: Path, lines: Iterable[Mapping[str, str]], sidecar: Mapping[str, Any]
) -> None:
    """Write ``<scale>.jsonl``, then ``<scale>.json`` beside it, each atomically.

    Args:
        path: the file of lines.
        lines: key, reference and hypothesis of each utterance.
        sidecar: how they were made; the checksum of the lines is added.
    """
    content = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
    with atomic(path) as partial:
        partial.write_bytes(content)
    write_record(path.with_suffix(".json"), {**sidecar, LINES: checksum(content)})


def read_sidecar(path: Path) -> dict[str, Any]:
    """The ``<scale>.json`` beside hypotheses.

    Raises:
        InputError: it is missing, damaged, or lacks something.
    """
    sidecar = read_json(path, "sidecar")
    if missing := _NEEDED - sidecar.keys():
        raise InputError(
            f"sidecar {path} lacks {', '.join(sorted(missing))}; decode again: "
            f"{rebuild_command(path)}"
        )
    return sidecar


def read_hypotheses(path: Path) -> Hypotheses:
    """Read ``<scale>.jsonl`` and ``<scale>.json`` beside it.

    Raises:
        InputError: a file is missing or damaged, a line is no hypothesis with its reference, or a
            key occurs twice.
    """
    sidecar = read_sidecar(path.with_suffix(".json"))
    references: dict[str, str] = {}
    texts: dict[str, str] = {}
    for number, entry in enumerate(read_lines(path, "hypotheses", sidecar.get(LINES)), start=1):
        try:
            key, reference, text = entry["key"], entry["reference"], entry["hypothesis"]
            if not all(isinstance(value, str) for value in (key, reference, text)):
                raise TypeError("a value is not a string")
        except (KeyError, TypeError) as error:
            raise InputError(
                f"{path}, line {number}: not a hypothesis with its reference ({error!r}); decode "
                f"again: {rebuild_command(path)}"
            ) from error
        if key in references:
            raise InputError(f"{path}: {key} occurs twice; decode again: {rebuild_command(path)}")
        references[key], texts[key] = reference, text
    if not texts:
        raise InputError(f"{path} holds no hypothesis; decode again: {rebuild_command(path)}")
    return Hypotheses(references, texts, sidecar)
