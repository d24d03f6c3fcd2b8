"""Keys and paths of earlier versions: refused with what they are called now."""

from collections.abc import Iterator, Mapping
from typing import Any

from mavsr.config.toy import TOYS
from mavsr.errors import InputError

KEYS = {
    "standins": "is called `toy` now",
    "results_dir": (
        "is gone; for results on another disk make `results` a link before the first run: "
        "ln -s /big/disk/my-results results"
    ),
}
"""Key at the top level of earlier configs -> what became of it."""
PATHS = {"results/standins/": TOYS}
"""Beginning of a path of earlier configs -> what it is now."""


def refuse_renamed(config: dict[str, Any]) -> None:
    """Take out, in place, what says nothing any more; refuse what an earlier version knew.

    Raises:
        InputError: a key or a path has another name now.
    """
    if config.get("results_dir", "") is None:
        del config["results_dir"]
    lines = [f"{key} {now}" for key, now in KEYS.items() if key in config]
    lines += [
        f"{place} is {text!r}: write {new + text.removeprefix(old)}"
        for place, text in _texts(config)
        for old, new in PATHS.items()
        if text.startswith(old)
    ]
    if lines:
        raise InputError("config: " + "\n        ".join(lines))


def _texts(part: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(part, str):
        yield place, part
    elif isinstance(part, Mapping | list):
        for key, value in part.items() if isinstance(part, Mapping) else enumerate(part):
            yield from _texts(value, f"{place}.{key}".lstrip("."))
