"""Hypothesis files: one JSON line per utterance, and a sidecar that says how they were made."""

import json
from dataclasses import dataclass
from pathlib import Path

from mavsr.errors import InputError


@dataclass(frozen=True)
class Origin:
    """Names by which the config knows where hypotheses come from."""

    corpus: str
    split: str
    encoders: str
    """Names of the encoders, joined by ``+``, audio first."""
    llm: str
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


def read_hypotheses(path: Path) -> Hypotheses:
    """Read ``<scale>.jsonl`` and ``<scale>.json`` beside it.

    Raises:
        InputError: a file is missing, a line is no hypothesis with its reference, or a key occurs
            twice.
    """
    for needed in (path, path.with_suffix(".json")):
        if not needed.is_file():
            raise InputError(f"{needed} does not exist; rule decode makes it: `snakemake {needed}`")
    references: dict[str, str] = {}
    texts: dict[str, str] = {}
    # Not splitlines(): a hypothesis may hold characters that it takes for ends of lines.
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            entry = json.loads(line)
            key, reference, text = entry["key"], entry["reference"], entry["hypothesis"]
            if not all(isinstance(value, str) for value in (key, reference, text)):
                raise TypeError("a value is not a string")
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(
                f"{path}, line {number}: not a hypothesis with its reference ({error!r}); remove "
                "the file and run snakemake again"
            ) from error
        if key in references:
            raise InputError(f"{path}: {key} occurs twice; remove the file and run snakemake again")
        references[key], texts[key] = reference, text
    if not texts:
        raise InputError(f"{path} holds no hypothesis")
    try:
        sidecar = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path.with_suffix('.json')} is damaged ({error}); remove it and run snakemake again"
        ) from error
    return Hypotheses(references, texts, sidecar)
