import json
import subprocess
import sys

import pytest
from mavsr.sources import PACKAGE, PLUMBING, code_digest, source_files

from mavsr import sources

COMMANDS = sorted(
    ".".join(("mavsr", *path.relative_to(PACKAGE).with_suffix("").parts))
    for path in PACKAGE.rglob("*.py")
    if "run_command(" in path.read_text() and path.name != "command.py"
)


def names(module):
    return {str(path.relative_to(PACKAGE)) for path in source_files(module)}


def test_the_closure_follows_imports():
    found = names("mavsr.training.train")
    assert {"training/train.py", "training/trainer.py", "training/batches.py"} <= found
    assert {
        "model/avsr.py",
        "model/adapters/lora.py",
        "model/adapters/mome.py",
        "features/cache.py",
        "seeds.py",
    } <= found
    assert not any(name.startswith(("mouths/", "evaluation/", "report/")) for name in found)


@pytest.mark.parametrize("name", ["command.py", "errors.py", "provenance.py", "__init__.py"])
def test_plumbing_is_out(name):
    assert all(name not in names(module) for module in COMMANDS)


def test_tables_depend_on_nothing_that_makes_data_or_trains():
    rooms = {name.split("/")[0] for name in names("mavsr.report.table")}
    assert "report" in rooms
    assert not rooms & {"corpus", "mouths", "encoders", "features", "training", "toy"}


def test_paths_are_sorted_absolute_and_exist():
    found = source_files("mavsr.features.extract")
    assert found == sorted(set(found))
    assert all(path.is_absolute() and path.is_file() for path in found)


def test_a_module_within_a_function_counts(tmp_path, monkeypatch):
    monkeypatch.setattr("mavsr.sources.PACKAGE", tmp_path)
    (tmp_path / "deep").mkdir()
    (tmp_path / "plugins").mkdir()
    for name, text in {
        "a.py": "def f():\n    from mavsr.deep import b\n",
        "deep/__init__.py": "",
        "deep/b.py": "import mavsr.c\nimport os, mavsr.d\nfrom mavsr.c import thing\n",
        "c.py": "import mavsr.a\nthing = 1\n",
        "d.py": "def f(name):\n    return import_module(f'mavsr.plugins.{name}')\n",
        "plugins/__init__.py": "",
        "plugins/one.py": "",
        "e.py": "",
    }.items():
        (tmp_path / name).write_text(text)
    sources._imports.cache_clear()
    try:
        found = {str(path.relative_to(tmp_path)) for path in sources.source_files("mavsr.a")}
    finally:
        sources._imports.cache_clear()
    # d may import any plugin: which one is known when it runs.
    assert found == {"a.py", "deep/__init__.py", "deep/b.py", "c.py", "d.py", "plugins/one.py"}


BEFORE = '''"""A module."""
import mavsr.c

def f(x):
    """Double ``x``."""
    return 2 * x
'''
SAME = '''"""A module, explained
at length."""

import mavsr.c  # needed


def f(x):
    # Twice is enough.
    return 2 * x


"""What f is for."""
'''


@pytest.fixture
def digest_of(tmp_path, monkeypatch):
    """Digest of a package of two modules with the given texts."""
    monkeypatch.setattr("mavsr.sources.PACKAGE", tmp_path)

    def digest(a, c="thing = 1"):
        (tmp_path / "a.py").write_text(a)
        (tmp_path / "c.py").write_text(c)
        for function in (sources._imports, sources._code, code_digest):
            function.cache_clear()
        return code_digest("mavsr.a")

    yield digest
    for function in (sources._imports, sources._code, code_digest):
        function.cache_clear()


def test_words_and_layout_do_not_change_the_digest(digest_of):
    assert digest_of(BEFORE) == digest_of(SAME)


@pytest.mark.parametrize(
    ("a", "c"),
    [
        (BEFORE.replace("2 *", "3 *"), "thing = 1"),
        (BEFORE.replace("import mavsr.c", "import mavsr.c as c"), "thing = 1"),
        (BEFORE, "thing = 2"),
        (BEFORE, "thing = 1\nother = 'a string that is used'"),
    ],
)
def test_code_does_in_the_module_and_in_what_it_imports(digest_of, a, c):
    assert digest_of(BEFORE) != digest_of(a, c)


IMPORT_ALL = """
import importlib, json, sys, types
from pathlib import Path

root, listed, found = Path(sys.argv[1]), json.loads(sys.argv[2]), {}
for command, files in listed.items():
    for name in [n for n in sys.modules if n.split(".")[0] == "mavsr"]:
        del sys.modules[name]
    for init in root.rglob("__init__.py"):
        # A package that is not listed must not be needed for more than holding its modules.
        if str(init) not in files:
            name = ".".join(("mavsr", *init.parent.relative_to(root).parts))
            sys.modules[name] = types.ModuleType(name)
            sys.modules[name].__path__ = [str(init.parent)]
    importlib.import_module(command)
    loaded = {n: getattr(m, "__file__", None) for n, m in sys.modules.items()}
    found[command] = {n: f for n, f in loaded.items() if n.split(".")[0] == "mavsr" and f}
print(json.dumps(found))
"""


def test_a_command_runs_nothing_but_what_is_listed():
    listed = {command: [str(path) for path in source_files(command)] for command in COMMANDS}
    result = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, str(PACKAGE), json.dumps(listed)],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    for command, loaded in json.loads(result.stdout.splitlines()[-1]).items():
        forgotten = {name for name, file in loaded.items() if file not in listed[command]}
        assert forgotten <= PLUMBING, f"{command} runs {forgotten - PLUMBING}"


def test_there_are_commands_for_every_stage():
    stages = {command.split(".")[1] for command in COMMANDS}
    expected = {"corpus", "mouths", "noise", "features", "training", "evaluation", "report"}
    assert expected <= stages


def test_the_package_uses_no_relative_imports():
    for path in PACKAGE.rglob("*.py"):
        lines = path.read_text().splitlines()
        assert not any(line.lstrip().startswith("from .") for line in lines), path
