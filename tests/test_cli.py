import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from mavsr import cli

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "transformers", "peft", "mediapipe", "cv2", "pandas", "jsonargparse")


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_says_what_it_does_with_an_example(name, capsys):
    module, told = cli.COMMANDS[name]
    with pytest.raises(SystemExit) as stopped:
        cli.main([*name.split(), "--help"])
    assert stopped.value.code == 0 and told
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: mavsr {name}")
    description, example = import_module(f"mavsr.cli.{module}").__doc__.split("\nExample:\n")
    assert description.splitlines()[0] in shown
    assert example.strip() in shown


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_example_of_a_command_is_a_command(name, monkeypatch):
    module = import_module(f"mavsr.cli.{cli.COMMANDS[name][0]}")
    called = []
    monkeypatch.setattr(module, "run", called.append)
    words = module.__doc__.split("\nExample:\n")[1].split()
    assert words[0] == "mavsr"
    cli.main(words[1:])
    assert len(called) == 1


def test_every_argument_has_a_line_of_help():
    for name, (module, _) in cli.COMMANDS.items():
        parser = cli.Parser(prog=name)
        import_module(f"mavsr.cli.{module}").arguments(parser)
        assert all(action.help for action in parser._actions)


def test_help_loads_nothing_that_takes_time():
    script = f"""
import sys
from mavsr import cli
for name in cli.COMMANDS:
    try:
        cli.main([*name.split(), "--help"])
    except SystemExit:
        pass
print("loaded", *(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)
"""
    command = [sys.executable, "-c", script]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert shown.stderr.split() == ["loaded"]


def test_importing_the_package_loads_nothing_that_takes_time():
    script = f"import sys, mavsr; print([name for name in {HEAVY} if name in sys.modules])"
    command = [sys.executable, "-c", script]
    assert subprocess.run(command, capture_output=True, text=True).stdout.strip() == "[]"


def test_what_is_unknown_of_the_package_is_named():
    with pytest.raises(AttributeError, match="module 'mavsr' has no attribute 'lod'"):
        import mavsr

        mavsr.lod("x")


def test_without_a_command_all_are_listed(capsys):
    cli.main([])
    listed = capsys.readouterr().out
    assert all(f"mavsr {name}" in listed for name in cli.COMMANDS)


def test_the_version_is_told(capsys):
    cli.main(["--version"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert capsys.readouterr().out == f"mavsr {project['version']}\n"


@pytest.mark.parametrize("words", [["features"], ["features", "verfy"], ["--verbose"]])
def test_unknown_commands_list_the_known_ones_and_fail(words, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(words)
    assert stopped.value.code == 2
    assert "mavsr features verify" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["transcribe", "model", "a.mp4"],
            "one of the arguments --scale --budget",
        ),
        (["transcribe", "model", "--scale", "4"], "the following arguments are required: VIDEO"),
        (["transcribe", "m", "a", "--scale", "4", "--start", "x"], "--start: invalid float value"),
        (["plan", "--device", "tpu"], "--device: invalid choice: 'tpu'"),
        (["status", "--line", "3"], "unrecognized arguments: --line 3"),
    ],
)
def test_a_wrong_call_is_one_line_and_status_2(words, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(words)
    assert stopped.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert message in line and f"`mavsr {words[0]} --help`" in line


def test_a_closed_output_is_no_error(monkeypatch):
    from mavsr.cli import plan

    monkeypatch.setattr(plan, "run", lambda given: print("a line for nobody"))
    monkeypatch.setattr(sys, "stdout", None)
    cli.main(["plan"])


def test_a_name_that_is_no_utf8_is_printed_as_it_is():
    script = (
        "from mavsr import cli; from mavsr.cli import plan;"
        "plan.run = lambda given: print(given.results); cli.main()"
    )
    command = [sys.executable, "-X", "utf8", "-c", script, "plan", "--results", b"a\xff"]
    shown = subprocess.run(
        command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    )
    assert (shown.stdout, shown.stderr) == (b"a\xff\n", b"")


def test_options_may_stand_between_files(monkeypatch):
    from mavsr.cli import transcribe

    called = []
    monkeypatch.setattr(transcribe, "run", called.append)
    cli.main(["transcribe", "--scale", "4,2", "model", "a.mp4", "--start", "1.5", "b.mp4"])
    assert called[0].files == [Path("a.mp4"), Path("b.mp4")]
    assert called[0].model == Path("model") and called[0].start == 1.5


def test_the_installed_command_and_the_module_are_the_same():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"mavsr": "mavsr.cli:main"}
    shown = subprocess.run([sys.executable, "-m", "mavsr"], capture_output=True, text=True)
    assert shown.stdout.strip() == cli.overview()
