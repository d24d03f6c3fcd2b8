"""What follows the ``?`` of a URL, such as the signature of a link, reaches a job unseen.

Snakemake prints commands and params, keeps them under ``.snakemake``, and everyone on a machine can
list the arguments of its processes. So rules pass URLs with a digest in place of the query; what it
stands for is in the environment, which only the same user can read.
"""

import hashlib
import json
import os
from typing import Any

from mavsr.errors import InputError

QUERIES = "MAVSR_URL_QUERIES"
"""Environment variable: a JSON object, digest -> query."""
_MARK = "hidden-"


def hide(content: Any) -> Any:
    """``content``, as JSON knows it, with a digest in place of the query of every URL in it.

    The digest changes with the query, and jobs that this process starts can :func:`reveal` it.
    """
    if isinstance(content, dict):
        return {key: hide(value) for key, value in content.items()}
    if isinstance(content, list):
        return [hide(value) for value in content]
    if not isinstance(content, str) or not content.startswith(("http://", "https://")):
        return content
    place, mark, query = content.partition("?")
    if not mark or query.startswith(_MARK):
        return content
    digest = hashlib.sha256(query.encode()).hexdigest()[:16]
    os.environ[QUERIES] = json.dumps({**_known(), digest: query}, sort_keys=True)
    return f"{place}?{_MARK}{digest}"


def reveal(url: str) -> str:
    """The URL that :func:`hide` was given.

    Raises:
        InputError: the environment does not tell its query.
    """
    place, _, query = url.partition("?")
    if not query.startswith(_MARK):
        return url
    known = _known().get(query.removeprefix(_MARK))
    if known is None:
        raise InputError(
            f"what follows '?' in the url {place} is kept out of commands, and the environment "
            f"does not tell it ({QUERIES}); run the rule with snakemake, or give the whole url"
        )
    return f"{place}?{known}"


def _known() -> dict[str, str]:
    return json.loads(os.environ.get(QUERIES, "{}"))
