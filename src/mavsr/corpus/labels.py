"""The lists of auto_avsr and the papers' public code: ``dataset,rel_path,frames,token_ids,text``.

A line has no quotes by itself: auto_avsr writes the first four fields, the public code a fifth. The
first four hold no comma, so whatever follows them is the text, commas and quotes included. Only a
text that is one quoted field, as spreadsheets write them, is freed of its quotes.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from mavsr.corpus.transcripts import read_text, split_lines
from mavsr.errors import InputError

COLUMNS = ("dataset", "rel_path", "frames", "token_ids", "text")
LISTED_BY_AUTO_AVSR = 4
"""Columns of a list that has no text; the text then lies in a tree of its own."""
_IN_QUOTES = re.compile('"((?:[^"]|"")*)"')
"""A field as spreadsheets write it, its own quotes doubled."""


@dataclass(frozen=True)
class Label:
    """A line of a list.

    Attributes:
        place: file and line, for messages.
        video: ``<dataset>/<rel_path>``, below the corpus' root.
        frames: at 25 per second, as the list says.
        text: not cleaned; None if the list has none.
    """

    place: str
    video: Path
    frames: int
    text: str | None


def read_labels(path: Path) -> tuple[list[Label], dict[int, str]]:
    """Lines of a list, and those that cannot be read: number of the line -> why.

    Raises:
        InputError: the file cannot be read as text, or none of its lines is one of such a list.
    """
    labels, wrong = [], {}
    for number, line in enumerate(split_lines(read_text(path, "list")), start=1):
        fields = line.split(",", len(COLUMNS) - 1)
        if not line.strip() or tuple(field.strip() for field in fields) == COLUMNS[: len(fields)]:
            continue
        try:
            labels.append(_label(f"{path.name}, line {number}", fields))
        except InputError as error:
            wrong[number] = str(error)
    if not labels:
        first = next((f": line {n}: {why}" for n, why in wrong.items()), "")
        raise InputError(f"list {path} holds no line {','.join(COLUMNS)}{first}")
    return labels, wrong


def _label(place: str, fields: list[str]) -> Label:
    if len(fields) < LISTED_BY_AUTO_AVSR:
        raise InputError(f"{len(fields)} fields; expected are {','.join(COLUMNS)}")
    dataset, path, frames, _, *text = (field.strip() for field in fields)
    if not path:
        raise InputError("rel_path is empty")
    if not frames.isdecimal():
        raise InputError(f"frames is {frames!r}; it must be a whole number")
    return Label(place, Path(dataset, path), int(frames), _unquoted(text[0]) if text else None)


def _unquoted(text: str) -> str:
    """A text as a spreadsheet wrote it, all of it in quotes, without these.

    Raises:
        InputError: it breaks off within quotes.
    """
    if whole := _IN_QUOTES.fullmatch(text):
        return whole[1].replace('""', '"')
    if _breaks_off(text):
        raise InputError("the text's first quote has no end on this line; a text is one line")
    return text


def write_labels(path: Path, rows: list[tuple[str, str, int, str, str]]) -> None:
    """Write rows of ``COLUMNS`` as the public code reads them: without heading and quotes.

    Only a text whose first quote would make it another, or none, is in quotes.
    """
    lines = (",".join([*map(str, fields), _quoted(text)]) for *fields, text in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def _quoted(text: str) -> str:
    if _IN_QUOTES.fullmatch(text) or _breaks_off(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def _breaks_off(text: str) -> bool:
    """Whether a text begins with a quote that does not end in it."""
    return text.startswith('"') and text.count('"') % 2 == 1
