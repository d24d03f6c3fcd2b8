"""The lock, the list it is resolved from, and the conda environment say the same."""

import ast
import re
import sys
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ENVS = ROOT / "envs"


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lines):
    """Name -> pinned version; None where a line pins none."""
    found = {}
    for line in lines:
        if match := re.match(r"([A-Za-z0-9._-]+)(?:==([^ ;\\]+))?", line):
            found[normal(match[1])] = match[2]
    return found


LOCK_TEXT = (ENVS / "requirements.lock").read_text()
LOCK = pins(line for line in LOCK_TEXT.splitlines() if "==" in line)
WANTED = pins((ENVS / "requirements.in").read_text().splitlines())
CONDA = yaml.safe_load((ENVS / "mavsr.yaml").read_text())["dependencies"]


def test_every_direct_dependency_is_locked_as_asked():
    assert not set(WANTED) - set(LOCK)
    for name, asked in WANTED.items():
        assert asked in (None, LOCK[name]), name


def imported():
    """Top names of all modules that the package imports."""
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (name.name.split(".")[0] for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.split(".")[0]


def test_everything_imported_is_asked_for_by_name():
    foreign = set(imported()) - set(sys.stdlib_module_names) - {"mavsr"}
    assert {"torch", "requests"} <= foreign
    packages = packages_distributions()
    assert not {name for name in foreign if not set(map(normal, packages[name])) & set(WANTED)}


def test_every_package_of_the_lock_is_pinned_and_hashed():
    packages = re.split(r"\n(?=\S)", LOCK_TEXT.strip())
    assert len(packages) > 50
    for package in packages:
        assert re.match(r"[A-Za-z0-9._-]+==\S+", package), package[:80]
        assert "--hash=sha256:" in package, package[:80]


def test_the_conda_environment_has_the_same_versions():
    pip = pins(next(entry["pip"] for entry in CONDA if isinstance(entry, dict)))
    assert pip == LOCK
    assert "python=3.11" in CONDA


@pytest.mark.parametrize("name", ["torch", "transformers", "peft", "numpy", "snakemake", "jiwer"])
def test_this_environment_is_the_locked_one(name):
    assert version(name).split("+")[0] == LOCK[name]
