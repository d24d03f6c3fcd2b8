"""A key that stands twice in a config is refused with its lines."""

from pathlib import Path

import pytest

from mavsr.config.read import read_config
from mavsr.config.unique import check_unique
from mavsr.errors import InputError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mouths:\n  audio: required\n  codec: ffv1\n  audio: optional\n",
         "mouths.audio stands in line 2 and again in line 4"),
        ("setup: {seed: 0}\nsetup: {seed: 1}\n", "setup stands in line 1 and again in line 2"),
        ("experiments:\n  table1:\n    - {task: asr, task: vsr}\n",
         r"experiments.table1\[0\].task stands in line 3 and again in line 3"),
    ],
)  # fmt: skip
def test_a_key_that_stands_twice_is_named(tmp_path, text, words):
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=f"own.yaml: {words}"):
        read_config([path])


@pytest.mark.parametrize("text", ["setup: &a\n  seed: *a\n", "x: 1\ncorpora: &a [1, [*a]]\n"])
def test_what_holds_itself_is_named(tmp_path, text):
    path = tmp_path / "own.yaml"
    path.write_text(text)
    for read in (read_config, check_unique):
        with pytest.raises(InputError, match=r"own.yaml: what begins in line [12] holds an alias"):
            read([path])


def test_an_alias_elsewhere_is_none_of_itself(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("a: &a [1, 2]\nb: *a\nc: {d: *a, e: *a}\n")
    check_unique([path])


def test_equal_keys_in_different_places_are_not_the_same(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("corpora:\n  a: {root: x}\n  b: {root: x}\n")
    check_unique([path])


@pytest.mark.parametrize(
    "path", [ROOT / "config.yaml", *(ROOT / "workflow").rglob("*.yaml")], ids=lambda path: path.name
)
def test_no_file_of_the_project_has_one(path):
    check_unique([path])
