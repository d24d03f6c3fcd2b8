"""The kinds of corpora: a new one is a module with a reader and a line in ``KINDS``."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from mavsr.corpus.clips import Reader
from mavsr.corpus.crops import Crops
from mavsr.corpus.folder import Folder
from mavsr.corpus.lrs2 import Lrs2
from mavsr.corpus.lrs3 import Lrs3
from mavsr.errors import InputError

KINDS: dict[str, Any] = {
    "crops": Crops,
    "folder": Folder,
    "lrs2": Lrs2,
    "lrs3": Lrs3,
    "portrait": Lrs3,
}
"""Kind in the config -> its reader's class. A portrait corpus has the layout of LRS3."""


def make_reader(settings: Mapping[str, Any]) -> Reader:
    """The reader that a corpus' settings describe.

    Args:
        settings: ``kind``, and what its reader's class lists.

    Raises:
        InputError: the kind is unknown, a setting is wrong, missing, or not one of this kind.
    """
    kind = settings.get("kind")
    if kind not in KINDS:
        raise InputError(f"kind is {kind!r}; it must be one of {', '.join(KINDS)}")
    known = {field.name: field for field in fields(KINDS[kind])}
    given = {key: value for key, value in settings.items() if key != "kind"}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InputError(
            f"{unknown[0]} means nothing to the kind {kind}, which knows {', '.join(known)}"
        )
    for name, field in known.items():
        if field.default is MISSING and name not in given:
            raise InputError(f"{name} is missing; the kind {kind} needs it")
    return KINDS[kind](**given)
