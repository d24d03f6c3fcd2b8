"""``code_changes: keep``: results survive an update of this project.

Snakemake calls a result outdated where params or the rule's command are not those on its record.
Under ``keep`` a digest of code that differs, and a command that differs, are no reason. Records
stay as they are, and what runs for other reasons is recorded with the code it ran: with ``rerun``
again in the config, exactly what is of older code is outdated.
"""

import re
from typing import Any

from snakemake.persistence import NO_PARAMS_CHANGE, PersistenceBase

_DIGEST = re.compile(r"'[0-9a-f]{16}'")


def keep_code_changes() -> None:
    """Make Snakemake, in this process, take results of other code as they are."""
    if not getattr(PersistenceBase.params_changed, "keeps_code", False):
        PersistenceBase.params_changed = _params_but_code(PersistenceBase.params_changed)
    PersistenceBase._code_changed = lambda self, job, file=None: False


def _params_but_code(params_changed: Any) -> Any:
    def changed(self: PersistenceBase, job: Any, file: Any = None) -> Any:
        found = params_changed(self, job, file)
        return found if any(map(_is_other, found.only_old | found.only_new)) else NO_PARAMS_CHANGE

    changed.keeps_code = True  # type: ignore[attr-defined]
    return changed


def _is_other(param: str) -> bool:
    return not _DIGEST.fullmatch(param)
