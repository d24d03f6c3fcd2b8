import json
import subprocess
import sys

import pytest

from mavsr.workflow.code import PACKAGE, PLUMBING, code_digest, source_files

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


def test_training_on_a_cache_runs_no_encoder():
    encoding = ("encoders/", "noise/", "media/", "features/online.py", "features/extract.py")
    assert not any(name.startswith(encoding) for name in names("mavsr.training.train"))
    online = names("mavsr.training.train_online")
    assert {"features/online.py", "encoders/whisper.py", "noise/render.py"} <= online
    assert names("mavsr.training.train") < online


def test_decoding_depends_on_no_table():
    assert not any(name.startswith("report/") for name in names("mavsr.evaluation.decode"))


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
    monkeypatch.setattr("mavsr.workflow.code.PACKAGE", tmp_path)
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
    found = {str(path.relative_to(tmp_path)) for path in source_files("mavsr.a")}
    # d may import any plugin: which one is known when it runs.
    assert found == {"a.py", "deep/__init__.py", "deep/b.py", "c.py", "d.py", "plugins/one.py"}


@pytest.fixture
def digest_of(tmp_path, monkeypatch):
    """Digest of a package of two modules with the given texts."""
    monkeypatch.setattr("mavsr.workflow.code.PACKAGE", tmp_path)

    def digest(a, c="thing = 1"):
        (tmp_path / "a.py").write_text(a)
        (tmp_path / "c.py").write_text(c)
        return code_digest("mavsr.a")

    return digest


BEFORE = "import mavsr.c\n\ndef f(x):\n    return 2 * mavsr.c.thing * x\n"


@pytest.mark.parametrize(
    ("a", "c"),
    [
        (BEFORE.replace("2 *", "3 *"), "thing = 1"),
        (BEFORE.replace("import mavsr.c", "import mavsr.c as c"), "thing = 1"),
        (BEFORE, "thing = 2"),
        (BEFORE, "thing = 1\nother = 'a string that is used'"),
    ],
)
def test_code_counts_in_the_module_and_in_what_it_imports(digest_of, a, c):
    assert digest_of(BEFORE) != digest_of(a, c)


@pytest.mark.parametrize(
    "a",
    [
        "from mavsr.c import Thing\n\ndef f(x: Thing) -> list[Thing]:\n    y: Thing = x\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from mavsr.c import Thing\n",
        "from mavsr.c import name\n\ndef f(x):\n    raise ValueError(f'{name(x)} is bad')\n",
    ],
)
def test_a_module_of_which_only_types_or_words_are_taken_does_not_count(digest_of, a):
    assert digest_of(a, "class Thing: pass") == digest_of(a, "class Thing: size = 2")


@pytest.mark.parametrize(
    "a",
    [
        # A command line is parsed into it: its defaults and checks run.
        "from mavsr.c import Thing\n\ndef f(x: Thing):\n    pass\n\nrun_command(f)\n",
        "from mavsr.c import Thing\n\nclass Settings:\n    x: Thing | None = None\n",
        "from mavsr.c import Thing\n\nclass Settings:\n    x: Annotated[Thing, Field(gt=0)]\n",
        "from mavsr.c import Thing\n\nMaybe = Annotated[Thing | None, Field()]\n",
        # A package's names, or what importing does.
        "from mavsr.c import Thing\n",
    ],
)
def test_a_module_whose_objects_are_made_from_annotations_counts(digest_of, a):
    assert digest_of(a, "class Thing: pass") != digest_of(a, "class Thing: size = 2")


def test_what_a_module_hands_on_that_it_names_in_annotations_alone_counts(tmp_path, monkeypatch):
    monkeypatch.setattr("mavsr.workflow.code.PACKAGE", tmp_path)
    passing = "from mavsr.c import Thing\n\ndef g(x: Thing):\n    return x\n"
    for name, text in {
        "a.py": "from mavsr.b import Thing\nThing()\n",
        "b.py": passing,
        "c.py": "from mavsr.d import Thing\n\ndef f(x: Thing):\n    pass\n",
        "d.py": "class Thing: pass\n",
        "e.py": "from mavsr.b import g\ng(1)\n",
    }.items():
        (tmp_path / name).write_text(text)
    assert [path.stem for path in source_files("mavsr.a")] == ["a", "b", "c", "d"]
    assert [path.stem for path in source_files("mavsr.e")] == ["b", "e"]


IMPORT_ALL = """
import importlib, importlib.machinery, json, sys, types
from pathlib import Path

root, listed = Path(sys.argv[1]), json.loads(sys.argv[2])

class Untouchable(type):
    def __call__(cls, *given, **named):
        raise AssertionError(f"{cls.__name__} is used, and its module is not listed")

class StandIn(types.ModuleType):
    '''Of a module that is not listed: its names are there for annotations and for nothing else.'''
    def __getattr__(self, name):
        folders = self.__dict__.get("__path__", [])
        is_module = any((Path(folder) / f"{name}.py").exists() for folder in folders)
        if name.startswith("__") or is_module:
            raise AttributeError(name)
        return Untouchable(f"{self.__name__}.{name}", (), {})

class Finder:
    def find_spec(self, name, path=None, target=None):
        place = root.joinpath(*name.split(".")[1:])
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if name.split(".")[0] != "mavsr" or str(file) in allowed or not file.exists():
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=place.is_dir())

    def create_module(self, spec):
        module = StandIn(spec.name)
        if spec.submodule_search_locations is not None:
            module.__path__ = [str(root.joinpath(*spec.name.split(".")[1:]))]
        return module

    def exec_module(self, module):
        pass

sys.meta_path.insert(0, Finder())
for command, files in listed.items():
    for name in [n for n in sys.modules if n.split(".")[0] == "mavsr"]:
        del sys.modules[name]
    allowed = set(files)
    importlib.import_module(command)
"""


def test_a_command_runs_nothing_but_what_is_listed():
    """All other modules are replaced by stand-ins that cannot be used."""
    plumbing = [
        str(place / "__init__.py" if place.is_dir() else place.with_suffix(".py"))
        for place in (PACKAGE.joinpath(*name.split(".")[1:]) for name in PLUMBING)
    ]
    listed = {
        command: [*plumbing, *(str(path) for path in source_files(command))] for command in COMMANDS
    }
    result = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, str(PACKAGE), json.dumps(listed)],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


def test_there_are_commands_for_every_stage():
    stages = {command.split(".")[1] for command in COMMANDS}
    expected = {"corpus", "mouths", "noise", "features", "training", "evaluation", "report"}
    assert expected <= stages


def test_the_package_uses_no_relative_imports():
    for path in PACKAGE.rglob("*.py"):
        lines = path.read_text().splitlines()
        assert not any(line.lstrip().startswith("from .") for line in lines), path
