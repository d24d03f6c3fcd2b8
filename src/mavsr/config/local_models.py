"""``local_models``: folders of one's own in place of the models that a config names on the hub."""

import re
from collections.abc import Mapping
from typing import Any

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


def is_hub_name(path: str) -> bool:
    """Whether a path may be the name of a hub model: ``organisation/model``, or one word.

    What has more parts, or begins with ``.`` or ``/``, is a path and nothing else.
    """
    return bool(_HUB_NAME.fullmatch(path)) and ".." not in path


def read_locally(config: Mapping[str, Any]) -> None:
    """Put folders in place of hub names, in place, if ``local_models`` names where they lie.

    ``openai/whisper-base`` becomes ``<local_models>/whisper-base``: the last part of the name, in
    lower case. Whether it is there is asked before the first job, as of any path.

    Args:
        config: raw, before it is checked.
    """
    folder = config.get("local_models")
    if not isinstance(folder, str):
        return
    for section, kinds in (("encoders", {"whisper"}), ("llms", {None})):
        entries = config.get(section)
        for entry in entries.values() if isinstance(entries, Mapping) else ():
            path = entry.get("path") if isinstance(entry, dict) else None
            if isinstance(path, str) and is_hub_name(path) and entry.get("kind") in kinds:
                entry["path"] = f"{folder.rstrip('/')}/{path.rpartition('/')[2].lower()}"
