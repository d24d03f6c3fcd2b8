"""Write what follows from the config's models: ``python -m mavsr.config.generate``.

``workflow/schemas/config.schema.json`` is for editors, ``docs/config.md`` for people. Both are
tracked, and a test fails when one is stale.
"""

import json
from collections.abc import Iterator
from dataclasses import MISSING
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from mavsr.config.config import Config
from mavsr.config.marks import Leaf, leaves, sections
from mavsr.config.read import DEFAULT, plain

ROOT = DEFAULT.parent
SCHEMA = Path("workflow/schemas/config.schema.json")
PAGE = Path("docs/config.md")
HEAD = """# Every key of a config

*Written by `make generate` from `src/mavsr/config/`; edit the keys there.*

`config.yaml` is the embedded default, with every value and a comment; other configs state what
differs (`--configfile my.yaml`). A key with a dot lies in a section: `training.epochs` is `epochs:`
under `training:`. `<name>` is a name of your own. The last column says whose jobs run again after a
change, and with them what follows from their results:

- *rule*, or *rule if condition* where not all of its jobs are meant;
- *how rule runs*: time or memory, no result; nothing runs again;
- *which jobs there are*: what is new is made, what is there stays as it is.

Every value stands on the run's own page (`results/report/run.html`), which is written again.
"""


def schema() -> dict[str, Any]:
    """JSON schema of a config; a config for ``--configfile`` may leave out anything."""
    found = _optional(TypeAdapter(Config).json_schema())
    title = "Config of the Matryoshka audio-visual pipeline; docs/config.md explains every key"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "title": title}


def _optional(part: Any) -> Any:
    """A schema that asks for nothing: a config states only what differs from another."""
    if isinstance(part, list):
        return [_optional(item) for item in part]
    if not isinstance(part, dict):
        return part
    found = {k: _optional(v) for k, v in part.items() if k not in ("required", "discriminator")}
    if "oneOf" in found:
        found["anyOf"] = found.pop("oneOf")
    return found


def page() -> str:
    """The reference page of all keys."""
    lines = [HEAD]
    for name, key, hint, default in sections(Config):
        lines += [f"## `{name}`", "", f"{key.help}.", ""]
        lines += ["| key | values | default | what it is | on a change |", "|---|---|---|---|---|"]
        lines += [_row(leaf, default) for leaf in leaves_of(name, key, hint)]
        lines.append("")
    return "\n".join(lines)


def leaves_of(name: str, key: Any, hint: Any) -> Iterator[Leaf]:
    """The keys of a section of the config, or the section itself where it is a value."""
    found = [leaf for leaf in leaves(Config) if leaf.path[0] == name]
    yield from found or [Leaf((name,), hint, key)]


def _row(leaf: Leaf, default: Any) -> str:
    name = ".".join(leaf.path).replace(".[]", "[]").replace("*", "<name>")
    value = default_of(leaf, default)
    shown = "required" if value is MISSING else f"`{json.dumps(plain(value))}`"
    unit = f" ({leaf.key.unit})" if leaf.key.unit else ""
    cells = [f"`{name}`", values(leaf.hint) + unit, shown, leaf.key.help, effect(leaf)]
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def default_of(leaf: Leaf, section: Any) -> Any:
    """Default of a key; MISSING where it has none."""
    value, owner = section, None
    for step in leaf.path[1:]:
        if step in ("*", "[]") or value is MISSING or not hasattr(value, step):
            owner = step
            break
        value = getattr(value, step)
    return value if owner is None else leaf.default


def effect(leaf: Leaf) -> str:
    """What a change of a key does, in words."""
    parts = [", ".join(leaf.key.decides)] if leaf.key.decides else []
    parts += [f"how {rule} runs" for rule in leaf.key.runs]
    parts += ["which jobs there are"] if leaf.key.plans else []
    return "; ".join(parts)


def values(hint: Any) -> str:
    """The values of a type, in words."""
    return _words(TypeAdapter(hint).json_schema())


def _words(part: dict[str, Any]) -> str:
    if "anyOf" in part:
        return " or ".join(dict.fromkeys(map(_words, part["anyOf"])))
    if "const" in part or "enum" in part:
        return " or ".join(f"`{value}`" for value in part.get("enum") or [part["const"]])
    kind = part.get("type", "value")
    if kind == "array":
        inside = part.get("items") or part.get("prefixItems", [{}])[0]
        return f"list of {_words(inside)}"
    if kind == "object":
        inside = part.get("additionalProperties")
        return f"name: {_words(inside)}" if isinstance(inside, dict) else "`key: value`"
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {part[name]:g}" for name, sign in bounds.items() if name in part]
    names = {"integer": "whole number", "string": "text", "boolean": "true or false"}
    return " ".join([names.get(kind, kind), ", ".join(limits)]).strip()


def generated() -> dict[Path, str]:
    """File -> what it should hold."""
    return {SCHEMA: json.dumps(schema(), indent=1, ensure_ascii=False) + "\n", PAGE: page()}


def main() -> None:
    """Write the files."""
    for path, text in generated().items():
        (ROOT / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
