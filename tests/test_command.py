import errno
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from mavsr.command import join_lists, progress, run_command
from mavsr.errors import InputError


@dataclass(frozen=True)
class Settings:
    rates: tuple[int, ...] = (1,)
    share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise InputError(f"share is {self.share}; it must lie in [0, 1)")


def job(
    shards: list[Path],
    output: Path,
    settings: Settings = Settings(),
    optional: list[Path] | None = None,
    names: list[str] | None = None,
) -> None:
    """Do nothing.

    Args:
        shards: some files.
        output: a file.
        settings: settings.
        optional: more files.
        names: words.
    """
    if output.name == "missing":
        raise InputError("shard missing is damaged; remove it")
    if output.name == "defect":
        raise RuntimeError("a defect")
    content = [shards, output, settings.rates, settings.share, optional, names]
    print(json.dumps(content, default=str))


@pytest.mark.parametrize(
    ("given", "joined"),
    [
        (["--shards", "a", "b", "--output", "x"], ["--shards", '["a", "b"]', "--output", "x"]),
        (["--output", "x", "--shards", "a"], ["--output", "x", "--shards", '["a"]']),
        (["--shards", "--output", "x"], ["--shards", "[]", "--output", "x"]),
        (["--optional", "a b", 'c"d'], ["--optional", '["a b", "c\\"d"]']),
        (["--output", "x", "--settings", "{}"], ["--output", "x", "--settings", "{}"]),
        (["--names", "-5", "--shards", "a"], ["--names", '["-5"]', "--shards", '["a"]']),
        ([], []),
    ],
)
def test_lists_are_joined(given, joined):
    assert join_lists(given, job) == joined


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["job", *arguments])
    run_command(job)


def test_a_signature_is_a_command_line(monkeypatch, capsys):
    settings = '{"rates": [4, 16], "share": 0.25}'
    run(monkeypatch, "--shards", "a b", "c", "--output", "x", "--settings", settings)
    assert json.loads(capsys.readouterr().out) == [["a b", "c"], "x", [4, 16], 0.25, None, None]
    run(monkeypatch, "--shards", "a", "--output", "x", "--optional", "--names", "1", "true")
    assert json.loads(capsys.readouterr().out) == [["a"], "x", [1], 0.5, [], ["1", "true"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--shards", "a", "--output", "missing"], "error: shard missing is damaged; remove it"),
        (["--shards", "a", "--output", "x", "--settings", '{"share": 2}'], "share is 2"),
        (["--shards", "a", "--output", "x", "--settings", '{"shar": 0}'], "shar"),
        (["--shards", "a", "--output", "x", "--settings", '{"rates": [1.5]}'], "1.5"),
        (["--shards", "a"], "output"),
        (["--shards", "a", "--output", "x", "--outptu", "y"], "outptu"),
    ],
)
def test_input_errors_end_with_status_2(monkeypatch, capsys, arguments, message):
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, *arguments)
    error = capsys.readouterr().err
    assert stopped.value.code == 2
    assert message in error
    assert "Traceback" not in error


def test_defects_keep_their_traceback(monkeypatch):
    with pytest.raises(RuntimeError, match="a defect"):
        run(monkeypatch, "--shards", "a", "--output", "defect")


def test_a_real_command_says_what_is_wrong_without_a_traceback(tmp_path):
    for module, given in (
        ("mavsr.report.loss_curve", ["--metrics", "x", "--output", "y", "--scales", "1"]),
        ("mavsr.evaluation.collect", ["--scores", "gone.csv", "--output", "y"]),
    ):
        result = subprocess.run(
            [sys.executable, "-m", module, *given], cwd=tmp_path, capture_output=True, text=True
        )
        assert result.returncode == 2, result.stderr
        assert "Traceback" not in result.stderr
        assert not list(tmp_path.iterdir())


def test_progress_passes_everything_on(capsys):
    assert list(progress(iter("abc"), 3, "letters")) == ["a", "b", "c"]
    captured = capsys.readouterr()
    assert "letters: 100%" in captured.err
    assert not captured.out


@pytest.mark.parametrize(
    ("number", "file", "expected"),
    [
        (errno.ENOSPC, None, "error: No space left on device; free disk space and run again\n"),
        (errno.EROFS, "x/y", "error: x/y: Read-only file system; mount it writable, or choose"),
    ],
)
def test_a_disk_that_refuses_is_no_defect(monkeypatch, capsys, number, file, expected):
    def writes() -> None:
        """Write."""
        raise OSError(number, os.strerror(number), file)

    monkeypatch.setattr(sys, "argv", ["writes"])
    with pytest.raises(SystemExit) as stopped:
        run_command(writes)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith(expected)


@pytest.mark.parametrize(
    ("more", "told"), [((), "interrupted\n"), (("it goes on",), "interrupted; it goes on\n")]
)
def test_an_interrupted_command_says_so_in_a_line(monkeypatch, capsys, more, told):
    def works() -> None:
        """Work."""
        raise KeyboardInterrupt(*more)

    monkeypatch.setattr(sys, "argv", ["works"])
    with pytest.raises(SystemExit) as stopped:
        run_command(works)
    assert stopped.value.code == 130 and capsys.readouterr().err == told


def test_other_errors_keep_their_traceback(monkeypatch):
    def reads() -> None:
        """Read."""
        raise FileNotFoundError(errno.ENOENT, "gone", "x")

    monkeypatch.setattr(sys, "argv", ["reads"])
    with pytest.raises(FileNotFoundError):
        run_command(reads)


def collecting_after(*lines: str) -> bool:
    """Whether Python looks for garbage after these lines."""
    told = [*lines, "import gc; print(gc.isenabled())"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(told)], check=True, capture_output=True, text=True
    )
    return done.stdout.split()[-1] == "True"


def test_garbage_is_looked_for_but_while_a_job_imports():
    assert collecting_after("import mavsr")
    starting = ("import sys; sys.argv = ['-m']", "import mavsr", "from mavsr import cli, command")
    assert not collecting_after(*starting)
    assert collecting_after(*starting, "command.run_command(lambda: None, [])")
    assert collecting_after(*starting, "cli.main(['--version'])")
