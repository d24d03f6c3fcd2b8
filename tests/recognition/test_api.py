"""The examples of docs/api.md run as they stand there."""

import re
import shutil
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs" / "api.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.S)


@pytest.fixture
def project(train, place, tmp_path, monkeypatch):
    """A folder with what the examples name."""
    (tmp_path / "results" / "training").mkdir(parents=True)
    train().rename(tmp_path / "results" / "training" / "my-model")
    shutil.copy(place / "one.mp4", tmp_path / "talk.mp4")
    features = tmp_path / "results" / "features" / "ear" / "mine" / "test"
    shutil.copytree(place / "audio", features / "clean")
    monkeypatch.chdir(tmp_path)


def test_there_are_examples():
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_runs(project, capsys, number):
    exec(compile(EXAMPLES[number], f"example {number}", "exec"), {})
    shown = capsys.readouterr().out.splitlines()
    expected = [
        [r"avsr \['a2_v1', 'a2_v3', 'a4_v1', 'a4_v3'\]", r".+"],
        [r"a2_v1 .+", r"a2_v3 .+", r"a4_v1 .+", r"a4_v3 .+"],
        [r"4 clips, \d+ tokens, made by \{.*'weights'.+", *[r"\w+ \(\d+, 16\) -?[\d.e-]+"] * 4],
    ][number]
    assert len(shown) == len(expected)
    assert all(re.match(*pair) for pair in zip(expected, shown, strict=True))
