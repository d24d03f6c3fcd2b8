import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from mavsr import cli

ROOT = Path(__file__).parents[1]


def test_every_command_exists_and_says_what_it_does(capsys):
    for name, (module, told) in cli.COMMANDS.items():
        function = getattr(import_module(module), module.rpartition(".")[2])
        assert function.__doc__ and told
        with pytest.raises(SystemExit) as stopped:
            cli.main([*name.split(), "--help"])
        assert stopped.value.code == 0
        shown = capsys.readouterr().out
        assert shown.startswith(f"usage: mavsr {name}")
        assert function.__doc__.splitlines()[0] in " ".join(shown.split())


def test_without_a_command_all_are_listed(capsys):
    cli.main([])
    listed = capsys.readouterr().out
    assert all(f"mavsr {name}" in listed for name in cli.COMMANDS)


@pytest.mark.parametrize("words", [["features"], ["features", "verfy"], ["--version"]])
def test_unknown_commands_list_the_known_ones_and_fail(words, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(words)
    assert stopped.value.code == 2
    assert "mavsr features verify" in capsys.readouterr().err


def test_the_installed_command_and_the_module_are_the_same():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"mavsr": "mavsr.cli:main"}
    shown = subprocess.run([sys.executable, "-m", "mavsr"], capture_output=True, text=True)
    assert shown.stdout.strip() == cli.overview()
