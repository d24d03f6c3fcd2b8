import errno
import hashlib
import json
from pathlib import Path

import pytest

from mavsr.errors import InputError
from mavsr.files import atomic, sha256, write_json


def test_a_file_appears_complete_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "er" / "file.txt"
    with pytest.raises(RuntimeError), atomic(path) as partial:
        partial.write_text("half")
        assert not path.exists()
        raise RuntimeError
    assert not list(path.parent.iterdir())
    with atomic(path) as partial:
        partial.write_text("whole")
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]
    assert path.read_text() == "whole"


def test_a_failed_rewrite_keeps_the_old_file(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic(path) as partial:
        partial.write_text("new")
        raise RuntimeError
    assert path.read_text() == "old"


def test_leftovers_of_a_killed_job_are_removed(tmp_path):
    (tmp_path / ".file.txt.0123abcd.partial").write_text("left behind")
    (tmp_path / ".other.txt.0123abcd.partial").mkdir()
    with atomic(tmp_path / "file.txt") as partial:
        partial.write_text("new")
    left = sorted(p.name for p in tmp_path.iterdir())
    assert left == [".other.txt.0123abcd.partial", "file.txt"]


def test_two_writers_cannot_mix_their_bytes(tmp_path):
    path = tmp_path / "file.txt"
    with pytest.raises(FileNotFoundError), atomic(path) as first:
        first.write_text("an orphan of a killed run")
        with atomic(path) as second:
            second.write_text("the new run")
    assert path.read_text() == "the new run"


def test_a_folder_replaces_an_older_one(tmp_path):
    for content in ("old", "new"):
        with atomic(tmp_path / "model") as partial:
            partial.mkdir()
            (partial / content).touch()
    assert [p.name for p in (tmp_path / "model").iterdir()] == ["new"]


@pytest.mark.parametrize("links", [["real.txt"], ["elsewhere/real.txt"], ["first", "real.txt"]])
def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path, links):
    (tmp_path / "elsewhere").mkdir()
    place = tmp_path
    for name, leads_to in zip(["link", *links], links, strict=False):
        (place / name).symlink_to(leads_to)
    for content in ("first", "second"):  # at first it leads to nothing
        with atomic(tmp_path / "link") as partial:
            partial.write_text(content)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / links[-1]).read_text() == content
    assert not (tmp_path / links[-1]).is_symlink() and not [*tmp_path.rglob("*.partial")]


def test_a_link_to_a_folder_stays_one(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "old").touch()
    (tmp_path / "link").symlink_to("real")
    with atomic(tmp_path / "link") as partial:
        partial.mkdir()
        (partial / "new").touch()
    assert (tmp_path / "link").is_symlink()
    assert [path.name for path in (tmp_path / "real").iterdir()] == ["new"]


def test_a_folder_that_has_the_name_of_a_file_is_named(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError) as refused, atomic(tmp_path / "taken") as partial:
        partial.touch()
    assert refused.value.filename == str(tmp_path / "taken")


@pytest.mark.parametrize("name", [".", "..", "/"])
def test_what_has_no_name_of_its_own_is_refused(name):
    with pytest.raises(InputError, match="give what is written a name of its own"):
        atomic(Path(name)).__enter__()


def test_a_folder_that_takes_no_files_is_told(tmp_path, monkeypatch):
    """As under /proc, where no name that is not there can be made."""

    def refuse(path, *given, **named):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    told = "/x: its folder takes no files"
    with pytest.raises(InputError, match=told), atomic(tmp_path / "x") as partial:
        partial.open("w")
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(InputError, match=told):
        atomic(tmp_path / "a" / "x").__enter__()


def test_json_is_sorted_readable_and_keeps_letters(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, {"b": [1, 2], "a": "é"})
    assert path.read_text(encoding="utf-8") == '{\n "a": "é",\n "b": [\n  1,\n  2\n ]\n}\n'
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": "é", "b": [1, 2]}


def test_sha256_is_that_of_the_content(tmp_path):
    content = bytes(range(256)) * 5000
    (tmp_path / "x").write_bytes(content)
    assert sha256(tmp_path / "x") == hashlib.sha256(content).hexdigest()
