"""The table of a user's own corpus: a CSV file, one utterance a row.

Columns ``video`` (path below the corpus' root) and ``text``; where wanted ``split`` (train, val,
test), ``speaker``, and ``start`` and ``end`` (seconds) of an utterance within its video. A text
with commas stands in double quotes.
"""

import csv
import io
import logging
import math
from dataclasses import dataclass
from pathlib import Path

from mavsr.corpus.manifest import SPLITS
from mavsr.corpus.transcripts import clean_text, read_text
from mavsr.corpus.visible import visible
from mavsr.errors import InputError

REQUIRED = ("video", "text")
OPTIONAL = ("split", "speaker", "start", "end")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Row:
    """One utterance as the table states it."""

    place: str
    """File and line, for messages."""
    video: str
    text: str
    split: str
    speaker: str
    start: float | None
    end: float | None

    def checked_text(self) -> str:
        """The text, cleaned.

        Raises:
            InputError: it holds no word.
        """
        text = clean_text(self.text)
        if not text:
            raise InputError("the transcript is empty")
        return text


def read_table(path: Path) -> tuple[list[Row], bool]:
    """Rows of the table, and whether it says the splits.

    Raises:
        InputError: the file cannot be read, lacks a column or has one twice, holds no row, or rows
            have fields too many or too few, no video, an unknown split, or a time that is no
            number; the first of these rows are named.
    """
    # newline="" keeps line ends within quotes, as the csv module wants it.
    lines = csv.reader(io.StringIO(read_text(path, "table"), newline=""), strict=True)
    rows, wrong = [], []
    try:
        heading = [visible(name).strip() for name in next(lines, [])]
        _check_heading(path, heading)
        for fields in lines:
            if not any(field.strip() for field in fields):
                continue
            try:
                rows.append(_row(f"{path.name}, line {lines.line_num}", heading, fields))
            except InputError as error:
                wrong.append(f"  line {lines.line_num}: {error}")
    except csv.Error as error:
        raise InputError(
            f"table {path}, line {lines.line_num}: {error}; mend the quotes"
        ) from error
    if wrong:
        more = f"\n  and {len(wrong) - 10} more" if len(wrong) > 10 else ""
        raise InputError(f"table {path} cannot be used:\n" + "\n".join(wrong[:10]) + more)
    if not rows:
        raise InputError(f"table {path} holds no row below its heading")
    return rows, "split" in heading


def _check_heading(path: Path, heading: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in heading]
    known = f"known are {', '.join((*REQUIRED, *OPTIONAL))}, separated by commas"
    if missing:
        raise InputError(
            f"table {path} lacks the column {' and '.join(missing)} in its first line "
            f"({', '.join(heading)}); {known}"
        )
    twice = {name for name in heading if name in (*REQUIRED, *OPTIONAL) and heading.count(name) > 1}
    if twice:
        raise InputError(f"table {path} has the column {' and '.join(sorted(twice))} twice")
    unknown = [name for name in heading if name not in (*REQUIRED, *OPTIONAL)]
    if unknown:
        _log.warning("table %s: columns %s are not read; %s", path, ", ".join(unknown), known)


def _row(place: str, heading: list[str], fields: list[str]) -> Row:
    if len(fields) != len(heading):
        raise InputError(
            f"{len(fields)} fields below {len(heading)} headings; a text with commas must stand in "
            "double quotes"
        )
    row = {name: field.strip() for name, field in zip(heading, fields, strict=True)}
    if not row["video"]:
        raise InputError("no video is named")
    split = visible(row.get("split", ""))
    if "split" in row and split not in SPLITS:
        raise InputError(f"split is {split!r}; it must be one of {', '.join(SPLITS)}")
    return Row(
        place,
        row["video"],
        row["text"],
        split,
        visible(row.get("speaker", "")).strip(),
        _seconds("start", row.get("start", "")),
        _seconds("end", row.get("end", "")),
    )


def _seconds(name: str, field: str) -> float | None:
    if not field:
        return None
    try:
        value = float(field)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"{name} is {field!r}; it must be seconds, 0 or more")
    return value
