"""What stands in a run's way among earlier results is named before its first job."""

import json
import os
from pathlib import Path

import pytest

from mavsr.errors import InputError
from mavsr.workflow.preflight import check_features, check_writable


@pytest.fixture
def index(tmp_path):
    """The index of a finished split of seven shards, all there."""
    names = [f"{number:05d}.tar" for number in range(7)]
    for name in (*names, "samples.parquet"):
        (tmp_path / name).touch()
    path = tmp_path / "index.json"
    path.write_text(json.dumps({"shards": [{"file": name} for name in names]}))
    return path


@pytest.mark.parametrize("name", ["00003.tar", "samples.parquet"])
def test_a_lost_part_of_finished_features_is_named_with_what_makes_it_anew(index, name):
    check_features([index])
    index.with_name(name).unlink()
    with pytest.raises(InputError) as caught:
        check_features([index])
    assert f"have lost {index.with_name(name)}." in str(caught.value)
    assert f"`rm -f {index} && snakemake --cores all {index}`" in str(caught.value)


def test_of_many_lost_parts_some_are_named(index):
    for path in index.parent.glob("*.tar"):
        path.unlink()
    with pytest.raises(InputError, match=r"00004\.tar and 2 more\."):
        check_features([index])


@pytest.mark.parametrize("text", ["", "{}", '{"shards": [{}]}'])
def test_so_is_an_index_that_cannot_be_read(index, text):
    index.write_text(text)
    with pytest.raises(InputError, match=f"have lost {index}"):
        check_features([index])


def test_a_folder_of_another_user_is_named(tmp_path, monkeypatch):
    theirs, mine = tmp_path / "features", tmp_path / "training"
    for folder in (theirs, mine):
        folder.mkdir()
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != theirs)
    check_writable([mine / "model" / "run.json"])
    with pytest.raises(InputError, match=rf"would write into {theirs}, where you may not"):
        check_writable([mine / "run.json", theirs / "whisper" / "test" / "00000.tar"])
