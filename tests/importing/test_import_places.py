"""Where an import writes: what would be lost or left half-written is refused beforehand."""

import collections
import json
import shutil
from pathlib import Path

import pytest
import torch
from families import given, refused

from mavsr.errors import InputError
from mavsr.importing import places
from mavsr.importing.import_checkpoint import import_checkpoint
from mavsr.importing.parts import read_parts
from mavsr.model.export import export
from mavsr.model.folder import read_model_folder
from mavsr.recognition.settings import read_setup


def import_to(case, output, **changes):
    """Import a case into any folder."""
    from mavsr.config.read import read_config

    options = {"config": read_config([]), **case.beside, **given(), **changes}
    return import_checkpoint(case.write(), str(case.llm), output, **options)


@pytest.mark.parametrize(
    "shelf", ["from_pth", "from_pth/in/it", ".", "../training", "../training/../training/from_pth"]
)
def test_shelf_and_model_are_separate(make, shelf):
    case = make("encoders")
    shelf = case.folder / "results" / "training" / shelf
    refused(case, "are one folder, or one is in the other", encoders=shelf)


def test_shelf_and_a_task_are_separate(make, tmp_path):
    case = make("omni_encoders")
    (tmp_path / "link").symlink_to(case.folder / "results" / "training")
    refused(case, "are one folder", encoders=tmp_path / "link" / "from_pth-vsr")


def test_without_encoders_there_is_no_shelf(make):
    case = make("mtsk")
    training = case.folder / "results" / "training"
    assert case.imported(encoders=training) == [training / "from_pth"]


def test_what_is_there_is_kept_and_the_option_named(make):
    case = make("encoders")
    file = case.folder / "results" / "encoders" / "from_pth" / "mine"
    file.parent.mkdir(parents=True)
    file.write_text("")
    with pytest.raises(InputError, match="is there already; name another folder with --encoders"):
        case.imported()
    assert list((case.folder / "results").rglob("*")) == [file.parent.parent, file.parent, file]


@pytest.mark.parametrize(
    ("start", "output", "shelf"),
    [
        (".", "results/training/m", "results/encoders/m"),
        ("results/training", "m", "results/encoders/m"),
        ("results/training/sub", "../m", "results/encoders/m"),
        ("results/training/m", ".", "results/encoders/m"),
    ],
)
def test_encoders_stand_beside_the_models(
    make, tmp_path, monkeypatch, capsys, start, output, shelf
):
    case = make("encoders")
    here = tmp_path / start
    here.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(here)
    import_to(case, Path(output))
    monkeypatch.chdir(tmp_path)
    assert (tmp_path / shelf / "avhubert.pt").is_file()
    told = capsys.readouterr().out.splitlines()[-1].split(":")[0]
    assert (here / told).resolve() == tmp_path / shelf
    path = read_setup(read_model_folder(tmp_path / "results/training/m")).encoders["video"].path
    assert Path(path).resolve() == tmp_path / shelf / "avhubert.pt"


def test_a_name_that_no_config_can_have(make, tmp_path):
    case = make("encoders")
    with pytest.raises(InputError, match=r"--output .*my model.*write letters, digits"):
        import_to(case, tmp_path / "training" / "my model")
    refused(case, "--encoders .*é.*write letters, digits", encoders=tmp_path / "é")
    assert not (tmp_path / "training").exists()


def small_disk(monkeypatch, small: str, room: int):
    """Folders of this name are on a disk of their own with ``room`` bytes, others on a large."""
    usage = collections.namedtuple("usage", "total used free")

    def is_small(place):
        return small in Path(place).parts

    monkeypatch.setattr(places, "disk_of", is_small)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda p: usage(10**12, 0, room if is_small(p) else 10**12)
    )


def test_every_disk_is_looked_at(make, tmp_path, monkeypatch):
    case = make("encoders")
    (tmp_path / "small").mkdir()
    small_disk(monkeypatch, "small", 0)
    refused(case, "small/encoders take .* has 0.0 GB", encoders=tmp_path / "small" / "encoders")
    assert case.imported()


def test_a_whole_table_is_counted_for_every_task(make, tmp_path, monkeypatch):
    """As averaging leaves it; five rows of it find room."""
    parts = read_parts(make("omni").write())
    (tmp_path / "small").mkdir()
    small_disk(monkeypatch, "small", 10**9)
    folders = {task: tmp_path / "small" / task for task in parts.tasks}
    table = torch.empty(128261, 2048, dtype=torch.bfloat16, device="meta")
    places.check_disk(parts, {"input": table[-5:]}, folders, tmp_path)
    with pytest.raises(InputError, match=r"asr, .* take 1.9 GB"):
        places.check_disk(parts, {"input": table}, folders, tmp_path)


def test_an_export_into_the_working_directory(make, tmp_path, monkeypatch):
    [folder] = make("mtsk").imported()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    export(folder, "4,2", Path())
    monkeypatch.chdir(tmp_path)
    assert json.loads((tmp_path / "empty" / "export.json").read_text())["scale"] == "a4_v2"
