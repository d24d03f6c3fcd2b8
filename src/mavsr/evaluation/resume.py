"""Finished utterances of an interrupted decoding job."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class Resume:
    """Lines that survive their job, in a file that no rule declares.

    Snakemake removes a failed job's declared outputs. Lines are appended batch by batch; a line
    that was cut off by the end of the process is left out when they are read.

    Args:
        path: where they are kept.
        fingerprint: identifies model, data and settings; lines of another one are dropped.
    """

    def __init__(self, path: Path, fingerprint: str):
        self.path = path
        self.lines: dict[str, dict[str, Any]] = {}
        head = json.dumps({"fingerprint": fingerprint})
        if path.is_file():
            first, *rest = path.read_text(encoding="utf-8").split("\n")
            if first == head:
                self.lines = {line["key"]: line for line in map(_read, rest[:-1]) if line}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + "\n", encoding="utf-8")
        self._append(self.lines.values())

    def add(self, lines: Iterable[dict[str, Any]]) -> None:
        """Keep the lines of a finished batch."""
        lines = list(lines)
        self.lines |= {line["key"]: line for line in lines}
        self._append(lines)

    def remove(self) -> None:
        """Forget everything: the job's outputs are in place."""
        self.path.unlink(missing_ok=True)

    def _append(self, lines: Iterable[dict[str, Any]]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _read(line: str) -> dict[str, Any] | None:
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None
