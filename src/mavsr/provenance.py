"""What produced a result: versions of the software and the commit of this project."""

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("mavsr", "torch", "transformers", "peft", "numpy")


def provenance() -> dict:
    """Package versions, Python, machine type, and the git commit (None outside a checkout)."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        commit = None
    return {
        "versions": {name: version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "commit": commit,
    }
