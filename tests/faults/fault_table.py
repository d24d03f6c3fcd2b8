"""The table of outcomes in docs/reruns.md: each test holds its own row."""

import os
from pathlib import Path

from damages import DAMAGES, Row, line, outcomes

DOCUMENT = Path(__file__).parents[2] / "docs" / "reruns.md"
HEAD = "| " + " | ".join(["file", "read by", *DAMAGES]) + " |"
WRITE = "MAVSR_WRITE_DOCS"
"""Environment variable; if set, a row that differs is written instead of failing."""


def check_row(row: Row) -> None:
    """Assert that no damage is used unseen, and that the document says what was found."""
    found = outcomes(row)
    wrong = {damage: outcome for damage, outcome in found.items() if outcome != outcome.lower()}
    assert not wrong, f"{row.what}, read by {row.reader}: {wrong}"
    text = DOCUMENT.read_text(encoding="utf-8")
    if os.environ.get(WRITE):
        text = with_row(text, row, line(row, found))
        DOCUMENT.write_text(text, encoding="utf-8")
    assert line(row, found) in text.splitlines(), f"{DOCUMENT} is stale: set {WRITE}=1 once"


def with_row(text: str, row: Row, new: str) -> str:
    """The document with this row instead of the one of the same file and reader, or at the end."""
    lines = text.splitlines()
    start = lines.index(HEAD) + 2
    end = next(n for n, old in enumerate([*lines, ""]) if n >= start and not old.startswith("|"))
    mine = f"| {row.what} | {row.reader} |"
    rows = [new if old.startswith(mine) else old for old in lines[start:end]]
    rows += [] if new in rows else [new]
    return "\n".join([*lines[:start], *rows, *lines[end:]]) + "\n"
