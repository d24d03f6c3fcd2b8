import os
import shlex
from pathlib import Path

import pytest

from mavsr.remedies import CONFIG_OPTIONS, config_options, rebuild_command

FILES = [Path("results/a b/0.tar"), Path("results/index.json")]


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setattr(os, "environ", {})


def words(command):
    assert command[0] == command[-1] == "`"
    return shlex.split(command[1:-1])


def test_files_are_removed_and_made_anew():
    names = list(map(str, FILES))
    expected = ["rm", "-f", *names, "&&", "snakemake", "--cores", "all", *names]
    assert words(rebuild_command(*FILES)) == expected


def test_under_the_config_of_the_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = [tmp_path / "my configs" / "smoke.yaml", tmp_path / "more.yaml"]
    os.environ[CONFIG_OPTIONS] = config_options(files, ["rates={audio: [4]}"])
    given = words(rebuild_command(*FILES))
    assert given[given.index("all") + 1 :] == [
        *("--configfile", "my configs/smoke.yaml", "more.yaml"),
        *("--config", "rates={audio: [4]}"),
        *("--", *map(str, FILES)),
    ]


def test_the_default_config_needs_no_options():
    assert config_options([], []) == ""
