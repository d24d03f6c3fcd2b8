"""Small pages for the HTML report: self-contained, for a screen of any width, light or dark."""

from html import escape

import pandas as pd

STYLE = """
:root { color-scheme: light dark; --line: #d0d7de; --quiet: #57606a; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --quiet: #9198a1; } }
h1, h3 { overflow-wrap: anywhere; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1rem auto; padding: 0 1rem; max-width: 72rem;
  background: Canvas; color: CanvasText; }
h1 { font-size: 1.2rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
p { color: var(--quiet); max-width: 44rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: left;
  white-space: nowrap; }
td.number, th.number { text-align: right; }
thead th { border-bottom: 2px solid var(--line); }
pre { overflow-x: auto; font-size: 13px; line-height: 1.35; }
"""


def page(title: str, *sections: str, style: str = "") -> str:
    """A whole HTML page; ``style`` is added to what all pages share."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style></head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n" + "\n".join(sections) + "\n</body></html>\n"
    )


def heading(text: str) -> str:
    """The heading of a section."""
    return f"<h2>{escape(text)}</h2>"


def tag(name: str, *inside: str, **attributes: str | int | bool) -> str:
    """An element.

    Args:
        name: of the element.
        *inside: HTML.
        **attributes: values are escaped; True is an attribute without value, False none at all. An
            underscore at the end of a name is dropped, others become hyphens.
    """
    words = [name]
    for key, value in attributes.items():
        if value is not False:
            shown = key.removesuffix("_").replace("_", "-")
            words.append(shown if value is True else f'{shown}="{escape(str(value))}"')
    empty = name in ("img", "input", "link", "br")
    return f"<{' '.join(words)}>" + ("" if empty else f"{''.join(inside)}</{name}>")


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{escape(text)}</p>"


def preformatted(text: str) -> str:
    """Text as it stands."""
    return f"<pre>{escape(text)}</pre>"


def html_table(shown: pd.DataFrame) -> str:
    """A table that scrolls sideways where the screen is narrow; numbers stand to the right."""
    numeric = [shown[name].astype(str).str.match(r"[-–\d]").any() for name in shown]
    classes = [' class="number"' if number else "" for number in numeric]
    head = "".join(
        f"<th{kind}>{escape(str(name))}</th>" for name, kind in zip(shown, classes, strict=True)
    )
    body = "\n".join(
        "<tr>"
        + "".join(
            f"<td{kind}>{escape(str(cell))}</td>" for cell, kind in zip(row, classes, strict=True)
        )
        + "</tr>"
        for row in shown.to_numpy().tolist()
    )
    whole = f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
    return f'<div class="wide">{whole}</div>'
