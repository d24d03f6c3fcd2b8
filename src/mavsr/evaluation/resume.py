"""Finished batches of an interrupted decoding job."""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from mavsr.files import atomic


class Resume:
    """Lines that survive their job, in a file that no rule declares.

    Snakemake removes a failed job's declared outputs. A batch is a line of the file, behind its own
    checksum; a line that was cut off by the end of the process, or damaged since, is left out. Code
    does not count: a job goes on after an update of this project, and its sidecar says so.

    Args:
        path: where they are kept.
        fingerprint: identifies model, data and settings; batches of another one are dropped.
        code: digest of the code that this process runs, for the record.

    Attributes:
        lines: key -> line of the hypothesis file.
        seconds: what decoding them took, over all calls.
        searched: tokens that their beams read.
        code: ``digest`` of each code that made them, and how many utterances were done when it
            began, ``from_utterance``.
    """

    def __init__(self, path: Path, fingerprint: str, code: str):
        self.path = path
        self.lines: dict[str, dict[str, Any]] = {}
        self.seconds = 0.0
        self.searched = 0
        self.code: list[dict[str, Any]] = []
        self._digest = code
        head = _sealed({"fingerprint": fingerprint, "counts": "searched"})
        first, *rest = _lines(path) or [head]
        if first != head:
            logging.warning(
                "%s is damaged, or of another model, data or settings; starting afresh", path
            )
            rest = []
        batches = [batch for batch in map(_unsealed, rest) if batch]
        if len(batches) < len(rest):
            logging.warning(
                "%s: %d of %d batches are cut or damaged; they are decoded again",
                path,
                len(rest) - len(batches),
                len(rest),
            )
        with atomic(path) as partial:
            whole = [head, *map(_sealed, batches)]
            partial.write_text("\n".join(whole) + "\n", encoding="utf-8")
        for batch in batches:
            self._take(batch)
        if self.code and self.code[-1]["digest"] != code:
            logging.warning("the code has changed since; what is left is decoded by the new code")

    def add(self, lines: list[dict[str, Any]], seconds: float, searched: int = 0) -> None:
        """Keep the lines of a finished batch, what it took, and how many tokens its beams read."""
        took = {"seconds": seconds, "searched": searched}
        batch = {"lines": lines, **took, "code": self._digest}
        self._take(batch)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(_sealed(batch) + "\n")

    def remove(self) -> None:
        """Forget everything: the job's outputs are in place."""
        self.path.unlink(missing_ok=True)

    def _take(self, batch: dict[str, Any]) -> None:
        if not self.code or self.code[-1]["digest"] != batch["code"]:
            self.code.append({"digest": batch["code"], "from_utterance": len(self.lines)})
        self.lines |= {line["key"]: line for line in batch["lines"]}
        self.seconds += batch["seconds"]
        self.searched += batch["searched"]


def _lines(path: Path) -> list[str]:
    """Lines of a file, the last perhaps cut off; none if there is no file."""
    if not path.is_file():
        return []
    # Not splitlines(): a hypothesis may hold characters that it takes for ends of lines.
    return path.read_text(encoding="utf-8", errors="replace").removesuffix("\n").split("\n")


def _sealed(content: dict[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=False)
    return f"{_checksum(text)} {text}"


def _unsealed(line: str) -> dict[str, Any] | None:
    checksum, _, text = line.partition(" ")
    return json.loads(text) if checksum == _checksum(text) else None


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
