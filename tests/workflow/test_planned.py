"""A job whose code is no longer what its run planned says so."""

import importlib
import json
import os
import sys

import pytest

from mavsr.errors import InputError
from mavsr.workflow.code import code_digest
from mavsr.workflow.planned import PLANNED, PlannedCode, as_planned

SOURCE = {"a.py": "import mavsr.b\n", "b.py": "x = 1\n", "late.py": "y = 1\n", "apart.py": ""}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of a few modules, of which a run has planned ``mavsr.a``."""
    monkeypatch.setattr("mavsr.workflow.code.PACKAGE", tmp_path)
    monkeypatch.setenv(PLANNED, "")
    for name, text in SOURCE.items():
        (tmp_path / name).write_text(text)
    PlannedCode(planning=True).digest("mavsr.a")
    return tmp_path


def test_a_job_that_runs_what_was_planned_runs(package):
    with as_planned("mavsr.a"):
        pass


@pytest.mark.parametrize(
    ("file", "text"),
    [("b.py", "x = 1  # one\n"), ("b.py", "x: int = 1\n"), ("apart.py", "z = 1\n")],
)
def test_edits_that_do_not_count_or_that_it_does_not_run_stop_no_job(package, file, text):
    (package / file).write_text(text)
    with as_planned("mavsr.a"):
        pass


@pytest.mark.parametrize("file", ["a.py", "b.py"])
def test_a_job_that_starts_after_an_edit_stops(package, file):
    (package / file).write_text(SOURCE[file] + "z = 1\n")
    with (
        pytest.raises(InputError, match=r"source of mavsr.a .* was edited after .* planned"),
        as_planned("mavsr.a"),
    ):
        pytest.fail("the job began")


def test_an_edit_that_was_put_back_before_the_job_began_is_none(package):
    (package / "b.py").write_text("x = 2\n")
    (package / "b.py").write_text(SOURCE["b.py"])
    with as_planned("mavsr.a"):
        pass


def load_late(package, monkeypatch):
    """Import a module of the package that the job has not loaded yet."""
    monkeypatch.syspath_prepend(package)
    importlib.invalidate_caches()
    monkeypatch.delitem(sys.modules, "late", raising=False)
    importlib.import_module("late")


def test_an_edit_of_what_the_job_loads_later_stops_it_though_it_is_put_back(package, monkeypatch):
    with (
        pytest.raises(InputError, match=r"late.py was edited while this job ran"),
        as_planned("mavsr.a"),
    ):
        (package / "late.py").write_text("y = 2\n")
        load_late(package, monkeypatch)
        (package / "late.py").write_text(SOURCE["late.py"])


def test_what_was_loaded_before_an_edit_is_what_was_planned(package, monkeypatch):
    load_late(package, monkeypatch)
    with as_planned("mavsr.a"):
        (package / "late.py").write_text("y = 2\n")
        (package / "b.py").write_text("x = 2\n")


def test_a_job_without_a_run_or_that_is_not_planned_runs(package, monkeypatch):
    (package / "b.py").write_text("x = 2\n")
    with as_planned("mavsr.apart"):
        pass
    monkeypatch.delenv(PLANNED)
    with as_planned("mavsr.a"):
        pass


def test_a_job_on_a_cluster_takes_over_what_was_planned(package):
    planned = code_digest("mavsr.a")
    (package / "b.py").write_text("x = 2\n")
    assert PlannedCode(planning=False).digest("mavsr.a") == planned
    assert PlannedCode(planning=True).digest("mavsr.a") != planned


def test_the_plan_is_small_enough_for_an_environment(package):
    for file in package.glob("*.py"):
        PlannedCode(planning=False).digest(f"mavsr.{file.stem}")
    source, digests = json.loads(os.environ[PLANNED])
    assert len(source) == 64
    assert {len(digest) for digest in digests.values()} == {16}
