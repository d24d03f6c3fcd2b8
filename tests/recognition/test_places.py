"""What would be written over a file that is read, or where no file can be, is refused at once."""

import json
import os
import shutil

import pytest

from mavsr import cli
from mavsr.errors import InputError
from mavsr.recognition.places import check_read, check_written
from mavsr.recognition.recogniser import Recogniser


@pytest.fixture
def unread(monkeypatch):
    """No model is loaded and no file is read."""
    for name in ("loaded", "network", "encoders"):
        monkeypatch.setattr(Recogniser, name, property(lambda self: pytest.fail("it is loaded")))


@pytest.fixture
def own(place, tmp_path, monkeypatch):
    """A folder with two videos in it, in which the command is called."""
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("one.mkv", "two.mkv"):
        shutil.copy(place / "one.mp4", folder / name)
    (folder / "link.mkv").symlink_to("two.mkv")
    (folder / "texts").mkdir()
    (folder / "texts" / "one.txt").symlink_to("../one.mkv")
    (folder / "taken" / "one.txt").mkdir(parents=True)
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["one.mkv", "--crops", "."], "one.mkv would be written over"),
        (["two.mkv", "one.mkv", "--crops", "."], "two.mkv would be written over"),
        (["one.mkv", "--output", "texts"], "texts/one.txt would be written over"),
        (["two.mkv", "--mux", "link.mkv"], "link.mkv would be written over"),
        (["one.mkv", "--crops", "c", "--mux", "c/one.mkv"], "c/one.mkv would be written twice"),
        (["one.mkv", "--output", "taken"], "taken/one.txt is a folder; choose a name"),
        (["one.mkv", "--output", "pipe"], "pipe is a device or a pipe"),
    ],
)
def test_every_file_that_is_written_is_looked_at(train, own, fails, unread, options, said):
    before = (own / "one.mkv").read_bytes()
    assert said in fails(train(), *options, "--budget", "1gflops")
    assert (own / "one.mkv").read_bytes() == (own / "two.mkv").read_bytes() == before


@pytest.mark.parametrize(
    ("file", "output", "said"),
    [
        ("one.mkv", "one.mkv", "one.mkv would be written over"),
        ("one.mkv", ".", ". is a folder; choose a name that no folder has"),
        ("one.mkv", "pipe", "pipe is a device or a pipe"),
        ("texts", "t.csv", "texts: it is a folder"),
        ("gone.mp4", "t.csv", "gone.mp4: no such file"),
    ],
)
def test_a_measurement_looks_too(train, own, capsys, unread, file, output, said):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["time", str(train()), file, "--output", output])
    assert stopped.value.code == 2 and said in capsys.readouterr().err
    assert (own / "one.mkv").read_bytes() == (own / "two.mkv").read_bytes()


def test_crops_of_a_model_that_only_hears_are_none(train, own, capsys):
    model = str(train("asr"))
    cli.main(["transcribe", model, "one.mkv", "--scale", "2", "--crops", "."])
    assert capsys.readouterr().out.startswith("one.mkv\t")
    assert (own / "one.mkv").read_bytes() == (own / "two.mkv").read_bytes()


def test_a_link_to_a_file_is_written_through(train, own):
    (own / "real.txt").write_text("old")
    (own / "link.txt").symlink_to("real.txt")
    cli.main(["transcribe", str(train()), "one.mkv", "--scale", "2,1", "--output", "link.txt"])
    assert (own / "link.txt").is_symlink() and (own / "real.txt").read_text() != "old"


def test_a_name_that_is_no_utf8_stops_nothing(train, own, place):
    """Neither its transcript nor what comes after it, in every way in which the name is written."""
    odd = os.fsdecode(b"a\xff.mkv")
    shutil.copy(place / "one_silent.mp4", odd)
    model, other = str(train("vsr")), str(place / "one_silent.mp4")
    for form in ("text", "json"):
        options = ["--scale", "3", "--format", form, "--output", "all"]
        cli.main(["transcribe", model, odd, other, *options])
    written = json.loads((own / "all" / os.fsdecode(b"a\xff.json")).read_text("utf-8"))
    assert written["file"] == "a\ufffd.mkv"
    assert sorted(path.suffix for path in (own / "all").iterdir()) == [".json"] * 2 + [".txt"] * 2
    cli.main(["time", model, odd, "--output", "t.csv", "--warmup", "0", "--repeats", "1"])
    assert "a\ufffd.mkv" in (own / "t.csv").read_text("utf-8")


def test_names_without_files_are_no_inputs(tmp_path):
    check_written([tmp_path / "a", tmp_path / "b"], [tmp_path / "gone"])
    (tmp_path / "loop").symlink_to("loop")
    check_written([tmp_path / "loop"], [tmp_path / "gone"])
    with pytest.raises(InputError, match="no such file"):
        check_read(tmp_path / "loop")
