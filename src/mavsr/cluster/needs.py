"""What the rules need on a cluster: minutes and gigabytes of a first attempt."""

import re
from pathlib import Path
from typing import Any

from mavsr.cluster.lines import check_count, check_keys, read_lines
from mavsr.cluster.profile import profile_folder
from mavsr.errors import InputError

TABLE = "needs.yaml"
RULES = Path("workflow/rules")


def read_needs(path: Path | None = None) -> dict[str, dict[str, Any]]:
    """Rule -> ``minutes`` and ``gb``; every rule of the workflow without a row gets ``default``.

    Args:
        path: of the table, else that of the profile that Snakemake reads.

    Raises:
        InputError: the file is missing, names what is no rule, or a row cannot be used.
    """
    path = path or profile_folder() / TABLE
    table, files = read_lines(path), sorted(RULES.glob("*.smk"))
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    rules = re.findall(r"^rule (\w+):", text, re.M)
    check_keys(str(path), table, {"default", *rules})
    for rule, row in table.items():
        place = f"{rule} in {path}"
        check_keys(place, row, {"minutes", "gb"})
        check_count(f"minutes of {place}", row.get("minutes"), 1)
        if not isinstance(gb := row.get("gb"), int | float) or not gb > 0:
            raise InputError(f"gb of {place} is {gb!r}; give a positive number")
    if "default" not in table:
        raise InputError(f"{path} has no row `default`, which the rules without a row get")
    return {rule: table.get(rule, table["default"]) for rule in rules}
