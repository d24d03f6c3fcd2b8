"""A table as data and as print: CSV for programs, Markdown, LaTeX, HTML and reST for people."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mavsr.files import atomic
from mavsr.report.page import html_table, page, paragraph

LINE = 85
"""Characters and gaps of a table that fit between usual margins at 10 pt."""


@dataclass(frozen=True)
class Table:
    """What is written to ``<name>.csv``, ``.md``, ``.tex``, ``.html`` and ``.rst``."""

    frame: pd.DataFrame
    """Plain values, for the CSV file."""
    shown: pd.DataFrame
    """The same rows as text, for the others."""
    caption: str
    """What the table shows, and units."""

    def write(self, folder: Path, name: str) -> None:
        """Write the five files, each whole or not at all."""
        for suffix, text in (
            (".csv", self.frame.to_csv(index=False)),
            (".md", markdown(self.shown, self.caption)),
            (".html", page(name, paragraph(self.caption), html_table(self.shown))),
            (".tex", latex(self.shown, self.caption, name)),
            (".rst", restructured(self.shown, self.caption)),
        ):
            with atomic(folder / f"{name}{suffix}") as partial:
                partial.write_text(text, encoding="utf-8")


def markdown(shown: pd.DataFrame, caption: str) -> str:
    """A pipe table under its caption."""
    rows = [list(shown.columns), ["---"] * len(shown.columns), *shown.to_numpy().tolist()]
    cells = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([caption, "", *lines, ""])


def restructured(shown: pd.DataFrame, caption: str) -> str:
    """A table for the opening page of Snakemake's report."""
    rows = "".join(f"   {line}\n" for line in shown.to_csv(index=False).splitlines())
    return f".. csv-table::\n   :header-rows: 1\n\n{rows}\n{caption}\n"


def latex(shown: pd.DataFrame, caption: str, name: str) -> str:
    """A booktabs table that compiles in any document with that package; a wide one needs graphicx.

    Words of a long heading stand on lines of their own; a table that would still be wider than a
    line is scaled to one.
    """
    escaped = shown.map(lambda cell: _escape(str(cell)))
    headings = [str(column).split() if len(str(column)) > 6 else [str(column)] for column in shown]
    escaped.columns = [_stack([_escape(word) for word in words]) for words in headings]
    text = escaped.to_latex(
        index=False,
        caption=_escape(caption),
        label=f"tab:{name.replace('/', '-')}",
        position="t",
        column_format="".join("l" if _is_text(shown[name]) else "r" for name in shown),
    )
    cells = [
        [*words, *shown[name].astype(str)] for words, name in zip(headings, shown, strict=True)
    ]
    if sum(max(map(len, column)) + 2 for column in cells) > LINE:
        text = text.replace("\\begin{tabular}", "\\resizebox{\\linewidth}{!}{%\n\\begin{tabular}")
        text = text.replace("\\end{tabular}", "\\end{tabular}}")
    return text


def _stack(words: list[str]) -> str:
    return words[0] if len(words) == 1 else "\\shortstack{" + "\\\\".join(words) + "}"


def _is_text(column: pd.Series) -> bool:
    return not column.astype(str).str.match(r"[-–\d]").any()


def _escape(text: str) -> str:
    """What LaTeX would take for commands, and the signs used here as its own."""
    table = str.maketrans(
        {
            **{sign: f"\\{sign}" for sign in "&%$#_{}"},
            "±": r"$\pm$",
            "†": r"$^\dagger$",
            "‡": r"$^\ddagger$",
            "§": r"$^{\mathsection}$",
            "–": "--",
            "<": "$<$",
            ">": "$>$",
            "\\": r"\textbackslash{}",
            "^": r"\textasciicircum{}",
            "~": r"\textasciitilde{}",
            "|": r"\textbar{}",
            "≤": r"$\le$",
            "∞": r"$\infty$",
        }
    )
    return str(text).translate(table)
