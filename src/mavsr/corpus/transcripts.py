"""Transcript files: LRS2's and LRS3's with word times, plain text, GRID's alignments.

Text comes out in lower case with single spaces and without characters that nobody sees. Punctuation
is kept: the papers' word error rate splits at spaces and normalises nothing else.
"""

import codecs
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from mavsr.corpus.visible import visible
from mavsr.errors import InputError

HEADING = "Text:"
"""How the first line of an LRS transcript begins."""
GRID_SILENCES = {"sil", "sp"}


@dataclass(frozen=True)
class Word:
    """One word of a transcript, in seconds from the start of its file."""

    text: str
    start: float
    end: float


def clean_text(text: str) -> str:
    """Lower case, braces removed (they mark noise in LRS transcripts), single spaces, NFC.

    Characters without width are no part of a word (:mod:`mavsr.corpus.visible`); a no-break space
    is a space.
    """
    text = unicodedata.normalize("NFC", visible(text))
    return " ".join(text.replace("{", "").replace("}", "").lower().split())


def read_text(path: Path, what: str = "transcript") -> str:
    """Content of a text file in UTF-8, or in UTF-16 that says so by its byte order mark.

    Args:
        path: the file.
        what: what error messages call it.

    Raises:
        InputError: the file is missing, cannot be read, or has another encoding, which is not
            guessed: latin-1 and its like cannot be told apart.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{what} {path} is missing") from None
    except OSError as error:
        raise InputError(f"{what} {path} cannot be read ({error})") from error
    return decode_text(content, f"{what} {path}")


def decode_text(content: bytes, name: str) -> str:
    """Content of a text file as :func:`read_text` returns it; ``name`` is what messages call it.

    Raises:
        InputError: it has another encoding.
    """
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 ({error}); convert it") from error
    if "\0" in text:
        raise InputError(
            f"{name} holds null characters, so it is not UTF-8 (UTF-16 without its mark?); "
            "convert it"
        )
    return text


def split_lines(text: str) -> list[str]:
    """Lines, whether they end as on Linux, Windows or old Macs.

    Not str.splitlines, which also splits at characters such as U+0085 within a line.
    """
    return re.split(r"\r\n|\n|\r", text)


def text_of(content: str) -> str:
    """Text of a transcript: what follows the heading of LRS in its first line, or all of it."""
    first = split_lines(visible(content))[0]
    return clean_text(first.removeprefix(HEADING) if first.startswith(HEADING) else content)


def read_lrs(path: Path) -> tuple[str, list[Word]]:
    """Text and word times (empty if the file has none) of a transcript of LRS2 or LRS3.

    The first line is ``Text:  WORDS``; files of pretrain/ also have a table, one line ``WORD START
    END ASDSCORE`` (seconds) per word.

    Raises:
        InputError: the file cannot be read as text, lacks the heading, holds no word, or a line of
            the table cannot be read.
    """
    lines = split_lines(visible(read_text(path)))
    if not lines[0].startswith(HEADING):
        raise InputError(f"transcript {path}: the first line must read 'Text:  WORDS'")
    text = clean_text(lines[0].removeprefix(HEADING))
    if not text:
        raise InputError(f"transcript {path} is empty")
    table = next((n for n, line in enumerate(lines) if line.startswith("WORD ")), len(lines))
    words = []
    for number, line in enumerate(lines[table + 1 :], start=table + 2):
        if not line.strip():
            continue
        try:
            word, start, end = line.split()[:3]
            words.append(Word(clean_text(word), float(start), float(end)))
        except ValueError as error:
            raise InputError(
                f"transcript {path}, line {number}: {line!r} is not 'WORD START END SCORE'"
            ) from error
    return text, words


def read_sidecar(path: Path) -> str:
    """Text of a file that lies beside a video of a user's own.

    ``.align`` is GRID's: lines ``start end word``, of which the silences ``sil`` and ``sp`` are
    dropped and the times not used. Any other file is plain text, in which line breaks count as
    spaces, or has the heading of LRS.

    Raises:
        InputError: the file cannot be read as text, or holds no word.
    """
    content = visible(read_text(path))
    if path.suffix.lower() == ".align":
        text = clean_text(" ".join(_aligned_words(path, content)))
    elif content.startswith(HEADING):
        text, _ = read_lrs(path)
    else:
        text = clean_text(content)
    if not text:
        raise InputError(f"transcript {path} is empty")
    return text


def _aligned_words(path: Path, content: str) -> list[str]:
    words = []
    for number, line in enumerate(split_lines(content), start=1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 3 or not (fields[0].isdigit() and fields[1].isdigit()):
            raise InputError(f"transcript {path}, line {number}: {line!r} is not 'START END WORD'")
        if fields[2].lower() not in GRID_SILENCES:
            words.append(fields[2])
    return words


def cut_words(words: list[Word], longest_s: float) -> list[list[Word]]:
    """Cut a clip at word boundaries into segments of at most ``longest_s`` seconds.

    A segment takes words while they end before its start plus ``longest_s``, as auto_avsr does
    (16 s). A single longer word makes a segment of its own, the only one that is longer.
    """
    segments: list[list[Word]] = []
    for word in words:
        if segments and word.end < segments[-1][0].start + longest_s:
            segments[-1].append(word)
        else:
            segments.append([word])
    return segments
