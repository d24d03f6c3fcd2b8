"""What produced a result: versions of the software and the commit of this project."""

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("mavsr", "torch", "transformers", "peft", "numpy")
OPTIONAL = ("bitsandbytes",)


def provenance() -> dict:
    """Package versions, Python, machine, hardware, and the git commit (None outside a checkout)."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        commit = None
    return {
        "versions": {name: version(name) for name in (*PACKAGES, *filter(is_installed, OPTIONAL))},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "hardware": hardware(),
        "commit": commit,
    }


def hardware() -> str:
    """The GPU if this process uses one, and the processor with its cores, in words."""
    torch = sys.modules.get("torch")
    # Only what is loaded anyway: to ask for a GPU takes seconds.
    gpu = f"{torch.cuda.get_device_name()}, " if torch and torch.cuda.is_available() else ""
    return f"{gpu}{_processor()}, {os.cpu_count()} cores"


def is_installed(package: str) -> bool:
    """Whether a package that this project can do without is there; it is not imported."""
    return find_spec(package) is not None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
