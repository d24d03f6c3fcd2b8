"""``make`` installs into a .venv of its own; any other is used or refused, and never changed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MISSING = "`make .venv/.installed` installs them"


@pytest.fixture
def clone(tmp_path):
    """What make needs of the repository, and a package that says that it was run."""
    place = tmp_path / "a clone"
    shutil.copytree(ROOT / "envs", place / "envs")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, place)
    package = place / "src" / "mavsr"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("import sys\nprint('ran', *sys.argv[1:])\n")
    return place


def make(clone, *words):
    environment = {**os.environ, "PYTHONPATH": str(clone / "src")}
    # The tests may be run by a make of their own, which tells its children to say where they are.
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        environment.pop(name, None)
    return subprocess.run(
        ["make", *words], cwd=clone, env=environment, capture_output=True, text=True
    )


def contents(folder):
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize("target", ["plan", "status"])
def test_looking_installs_nothing(clone, target):
    done = make(clone, target)
    assert done.returncode and MISSING in done.stderr
    assert not (clone / ".venv").exists()
    # Nor into an environment whose installation was interrupted.
    (clone / ".venv").mkdir()
    (clone / ".venv" / ".made").touch()
    before = contents(clone)
    assert MISSING in make(clone, target).stderr
    assert contents(clone) == before


def test_an_environment_that_has_all_is_used(clone):
    (clone / ".venv").symlink_to(sys.prefix)
    assert make(clone, "plan").stdout.splitlines()[-1] == "ran plan"
    assert make(clone, "status", "CONFIG=my.yaml").stdout.splitlines()[-1] == (
        "ran status --configfile my.yaml"
    )
    assert make(clone, ".venv/.installed").returncode == 0


def other_environment(place):
    """As conda makes one: no pyvenv.cfg, no packages."""
    (place / "bin").mkdir(parents=True)
    (place / "conda-meta").mkdir()
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    script = f'#!/bin/sh\nexec "{base}" -S "$@"\n'
    (place / "bin" / "python").write_text(script)
    (place / "bin" / "python").chmod(0o755)


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("target", ["plan", "results/table1.csv", ".venv/.installed"])
def test_one_that_lacks_packages_is_refused_and_left_alone(clone, tmp_path, linked, target):
    place = tmp_path / "conda" if linked else clone / ".venv"
    other_environment(place)
    if linked:
        (clone / ".venv").symlink_to(place)
    before = contents(place)
    done = make(clone, target)
    assert done.returncode
    assert "not make's own, lacks" in done.stderr and "(not installed)" in done.stderr
    assert "It was left as it is" in done.stderr
    assert contents(place) == before


def test_one_that_runs_another_clone_is_refused(clone):
    (clone / ".venv").symlink_to(sys.prefix)
    shutil.rmtree(clone / "src")
    done = make(clone, "plan")
    assert done.returncode and "instead of this folder's" in done.stderr


def test_what_is_no_environment_is_refused(clone):
    (clone / ".venv").mkdir()
    (clone / ".venv" / "mine").touch()
    done = make(clone, "results/table1.csv")
    assert done.returncode and "no bin/python that runs" in done.stderr
    assert (clone / ".venv" / "mine").exists()


def test_clean_keeps_what_is_not_makes(clone, tmp_path):
    other_environment(tmp_path / "conda")
    (clone / ".venv").symlink_to(tmp_path / "conda")
    assert make(clone, "clean").returncode
    assert (clone / ".venv" / "bin" / "python").exists()


def test_without_a_python_that_will_do_nothing_is_made(clone):
    done = make(clone, ".venv/.installed", "PYTHON=/bin/false")
    assert done.returncode and "Python 3.11 or 3.12 is needed" in done.stderr
    assert not (clone / ".venv").exists()
