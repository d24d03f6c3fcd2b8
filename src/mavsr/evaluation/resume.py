"""Finished batches of an interrupted decoding job."""

import json
from pathlib import Path
from typing import Any

from mavsr.files import atomic


class Resume:
    """Lines that survive their job, in a file that no rule declares.

    Snakemake removes a failed job's declared outputs. A batch is a line of the file; one that was
    cut off by the end of the process is left out when they are read.

    Args:
        path: where they are kept.
        fingerprint: identifies model, data and settings; batches of another one are dropped.

    Attributes:
        lines: key -> line of the hypothesis file.
        seconds: what decoding them took, over all calls.
    """

    def __init__(self, path: Path, fingerprint: str):
        self.path = path
        self.lines: dict[str, dict[str, Any]] = {}
        self.seconds = 0.0
        head = json.dumps({"fingerprint": fingerprint})
        batches: list[dict[str, Any]] = []
        if path.is_file():
            first, *rest = path.read_text(encoding="utf-8").split("\n")
            if first == head:
                batches = [batch for batch in map(_read, rest[:-1]) if batch]
        with atomic(path) as partial:
            whole = [head, *(json.dumps(batch, ensure_ascii=False) for batch in batches)]
            partial.write_text("\n".join(whole) + "\n", encoding="utf-8")
        for batch in batches:
            self._take(batch)

    def add(self, lines: list[dict[str, Any]], seconds: float) -> None:
        """Keep the lines of a finished batch, and what it took."""
        batch = {"lines": lines, "seconds": seconds}
        self._take(batch)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(batch, ensure_ascii=False) + "\n")

    def remove(self) -> None:
        """Forget everything: the job's outputs are in place."""
        self.path.unlink(missing_ok=True)

    def _take(self, batch: dict[str, Any]) -> None:
        self.lines |= {line["key"]: line for line in batch["lines"]}
        self.seconds += batch["seconds"]


def _read(line: str) -> dict[str, Any] | None:
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None
