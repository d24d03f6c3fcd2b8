"""Hypothesis files: one JSON line per utterance, and a sidecar that says how they were made."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
class Recognised:
    """An utterance's best transcript, and what beam search knows of it.

    Log-probabilities are natural logarithms, of the model's own probabilities, uncalibrated.
    """

    text: str
    log_probability: float
    """Of the whole transcript: the sum over its tokens, the end among them."""
    words: list[float]
    """For each word of the transcript (as white space parts it) the sum over its tokens: how likely
    it was after the words before it."""
    nbest: list[tuple[str, float]]
    """(transcript, its log-probability), best first, as the search ranks them (by the mean over
    tokens); what differs in tokens but not in text stands there once."""


@dataclass(frozen=True)
class Hypotheses:
    """What a hypothesis file and its sidecar say."""

    references: dict[str, str]
    """Key -> what was said."""
    texts: dict[str, str]
    """Key -> what was recognised."""
    sidecar: dict
    found: dict[str, Recognised] = field(default_factory=dict)
    """Key -> n-best transcripts and log-probabilities; without the keys of lines that lack them, as
    those of earlier versions do."""
    tokens: dict[str, int] = field(default_factory=dict)
    """Key -> tokens of the LLM before the transcript, likewise."""


def line_of(key: str, reference: str, found: Recognised, tokens: int) -> dict[str, Any]:
    """The line of an utterance.

    Args:
        key: of the clip.
        reference: what was said.
        found: what was recognised.
        tokens: of the LLM before the transcript.
    """
    return {
        "key": key,
        "reference": reference,
        "hypothesis": found.text,
        "log_probability": found.log_probability,
        "words": found.words,
        "nbest": found.nbest,
        "tokens": tokens,
    }


def write_hypotheses(
    path: Path, lines: Iterable[Mapping[str, Any]], sidecar: Mapping[str, Any]
) -> None:
    """Write ``<scale>.jsonl``, then ``<scale>.json`` beside it, each atomically.

    Args:
        path: the file of lines.
        lines: of :func:`line_of`, or at least key, reference and hypothesis of each utterance.
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
    found: dict[str, Recognised] = {}
    tokens: dict[str, int] = {}
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
        if "nbest" in entry:
            nbest = [(str(other), float(value)) for other, value in entry["nbest"]]
            found[key] = Recognised(text, entry["log_probability"], entry["words"], nbest)
            tokens[key] = entry["tokens"]
    if not texts:
        raise InputError(f"{path} holds no hypothesis; decode again: {rebuild_command(path)}")
    return Hypotheses(references, texts, sidecar, found, tokens)
