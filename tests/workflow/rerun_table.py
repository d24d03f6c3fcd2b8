"""The table of docs/reruns.md: edits of this project's code, and the rules whose jobs run again.

``python tests/workflow/rerun_table.py`` writes it into the page.
"""

import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from mavsr.workflow import code

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reruns.md"
BEGIN, END = "<!-- made by tests/workflow/rerun_table.py -->\n", "<!-- end of the table -->\n"
ONLINE = "train_model (online)"


def _replaced(pattern: str, new: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        edited, count = re.subn(pattern, new, text, count=1)
        assert count == 1, f"nothing like {pattern} in it"
        return edited

    return edit


def _code(text: str) -> str:
    return f"{text}\n_EDITED = True\n"


WORDS = {
    "words of an error": _replaced(r'(raise InputError\(\s*f?")', r"\1Sorry: "),
    "a log line": _replaced(r'((?:logging|_log)\.(?:info|warning)\(\s*")', r"\1Note: "),
    "a label of a progress bar": _replaced(r'(progress\([^"\n]*f?")', r"\1now "),
    "an annotation": _replaced(r"\) -> [^:\n]+:\n", ") -> Any:\n"),
    "a docstring": _replaced('"""', '"""In short: '),
    "a comment": lambda text: f"{text}\n# Why it is so.\n",
}
"""Kind of edit that does not count -> the edit of a module's text."""
EDITS = [
    ("words of an error", "shards.py"),
    ("a log line", "training/checks.py"),
    ("a log line", "mouths/crop.py"),
    ("a label of a progress bar", "features/extract.py"),
    ("an annotation", "model/avsr.py"),
    ("a docstring", "mouths/align.py"),
    ("a comment", "files.py"),
    *(
        ("code", module)
        for module in (
            "command.py",
            "workflow/code.py",
            "corpus/lrs3.py",
            "mouths/align.py",
            "noise/mixing.py",
            "features/views.py",
            "encoders/whisper.py",
            "features/online.py",
            "features/cache.py",
            "model/avsr.py",
            "training/trainer.py",
            "evaluation/beams.py",
            "model/cost.py",
            "evaluation/word_errors.py",
            "report/layout.py",
            "report/figures/bars.py",
            "report/check.py",
            "toy/llama.py",
            "shards.py",
        )
    ),
]
"""(what is edited, module below src/mavsr)."""


def commands() -> dict[str, str]:
    """Rule -> module that its jobs run; of training, both."""
    found: dict[str, str] = {}
    for file in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        for rule in re.split(r"^rule ", file.read_text(encoding="utf-8"), flags=re.M)[1:]:
            if module := re.search(r'\bcode=code\("([\w.]+)"\)', rule):
                found[rule.partition(":")[0]] = f"mavsr.{module[1]}"
    return found | {"train_model": "mavsr.training.train", ONLINE: "mavsr.training.train_online"}


def reruns() -> dict[tuple[str, str], list[str]]:
    """Each of ``EDITS`` -> rules whose code is another one after it."""
    with tempfile.TemporaryDirectory() as folder, patch.object(code, "PACKAGE", Path(folder) / "m"):
        shutil.copytree(ROOT / "src" / "mavsr", code.PACKAGE)
        rules = commands()
        before = {rule: code.code_digest(module) for rule, module in rules.items()}
        found = {}
        for what, module in EDITS:
            path = code.PACKAGE / module
            text = path.read_text(encoding="utf-8")
            path.write_text(WORDS.get(what, _code)(text), encoding="utf-8")
            found[what, module] = [
                rule for rule, name in rules.items() if code.code_digest(name) != before[rule]
            ]
            path.write_text(text, encoding="utf-8")
    return found


def table() -> str:
    """The table in Markdown."""
    rows = ["| edit | in | rules whose jobs run again |", "|---|---|---|"]
    for (what, module), rules in reruns().items():
        names = ", ".join(f"`{rule}`" for rule in rules) or "none"
        rows.append(f"| {what} | `{module}` | {names} |")
    return "\n".join(rows) + "\n"


def page() -> str:
    """The whole page, its table made anew."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
