"""Whether the Python that runs this has what envs/requirements.lock asks for; it changes nothing.

make calls it for a .venv that is not its own. Only the standard library is used.
"""

import importlib.util
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHOWN = 5


def wanted(lock: str) -> dict[str, str]:
    """Name -> version of the packages that a lock asks for on this platform."""
    found = {}
    for line in lock.splitlines():
        match = re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)\s*(?:;\s*([^\\]+))?", line)
        if match and _applies(match[3]):
            found[match[1]] = match[2]
    return found


def _applies(marker: str | None) -> bool:
    if not marker:
        return True
    try:
        from packaging.markers import Marker
    except ImportError:  # then packaging itself is missing, which is said
        return False
    return Marker(marker.strip()).evaluate()


def lacking(packages: dict[str, str]) -> list[str]:
    """What of the packages is missing here or has another version, in words."""
    found = []
    for name, needed in packages.items():
        try:
            here = version(name)
        except PackageNotFoundError:
            found.append(f"{name} {needed} (not installed)")
            continue
        if here.split("+")[0] != needed:
            found.append(f"{name} {needed} (it has {here})")
    return found


def main() -> str | None:
    """Say what is lacking; nothing if this environment can be used."""
    if not (3, 11) <= sys.version_info[:2] < (3, 13):
        return f"has Python {sys.version.split()[0]}, and 3.11 or 3.12 is needed"
    if missing := lacking(wanted((ROOT / "envs" / "requirements.lock").read_text())):
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        return (
            f"lacks {', '.join(missing[:SHOWN])}{more}; install them there "
            "(.venv/bin/python -m pip install --no-deps -r envs/requirements.lock)"
        )
    spec = importlib.util.find_spec("mavsr")
    if spec is None or not spec.origin or ROOT not in Path(spec.origin).resolve().parents:
        return (
            f"runs {'no mavsr' if spec is None else spec.origin} instead of this folder's; install "
            "it there (.venv/bin/python -m pip install --no-deps --no-build-isolation --editable .)"
        )
    return None


if __name__ == "__main__":
    if trouble := main():
        sys.exit(
            f".venv, which is not make's own, {trouble}, or move .venv away and make makes its "
            "own. It was left as it is"
        )
