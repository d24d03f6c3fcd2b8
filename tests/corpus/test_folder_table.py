"""A table of transcripts beside a folder of videos."""

import csv

import numpy as np
import pytest
from own_videos import lost, read, write_speakers

from mavsr.corpus.clips import UNUSED
from mavsr.corpus.folder import Folder
from mavsr.corpus.manifest import read_manifest
from mavsr.corpus.scan import scan
from mavsr.errors import InputError


@pytest.fixture
def root(tmp_path):
    return write_speakers(tmp_path / "mine")


def write_table(path, *rows, heading=("video", "text", "split")):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([heading, *rows])
    return str(path)


def test_a_table_says_everything(root, tmp_path):
    table = write_table(
        tmp_path / "my table.csv",
        ("s0/c0.mp4", "Well, yes", "train", "ann", "", ""),
        ("s0/c1.mp4", "First half", "train", "ann", "0", "0.4"),
        ("s0/c1.mp4", "Second half", "train", "ann", "0.4", ""),
        ("./s1/c0.mp4", 'She said "no"', "val", "bob", "", ""),
        (str(root / "s2" / "c0.mp4"), "Ünïcode", "test", "", "", "0.5"),
        heading=("video", "text", "split", "speaker", "start", "end"),
    )
    clips = read(root, transcripts=table)
    good = {clip.key: clip for clip in clips if not clip.problem}
    assert {key: (c.text, c.split, c.speaker) for key, c in good.items()} == {
        "s0-c0": ("well, yes", "train", "ann"),
        "s0-c1-00000000-00000400": ("first half", "train", "ann"),
        "s0-c1-00000400": ("second half", "train", "ann"),
        "s1-c0": ('she said "no"', "val", "bob"),
        "s2-c0-00000000-00000500": ("ünïcode", "test", "s2"),
    }
    half = good["s0-c1-00000400"]
    assert (half.start, half.duration_s) == (0.4, pytest.approx(0.6, abs=0.05))
    assert np.isnan(half.end)
    assert (good["s0-c1-00000000-00000400"].end, good["s0-c0"].start) == (0.4, 0.0)
    unused = {clip.key for clip in clips if clip.split == UNUSED}
    assert unused == {f"s{s}-c{c}" for s in range(10) for c in range(2)} - {
        "s0-c0",
        "s0-c1",
        "s1-c0",
        "s2-c0",
    }


def test_a_table_without_splits_gets_them_by_speaker(root, tmp_path):
    rows = [(f"s{n}/c0.mp4", "hello", f"p{n}") for n in range(6)]
    table = write_table(tmp_path / "t.csv", *rows, heading=("video", "text", "speaker"))
    clips = [c for c in read(root, transcripts=table) if c.split != UNUSED]
    assert {clip.split for clip in clips} == {"train", "val", "test"}
    assert {clip.speaker for clip in clips} == {f"p{n}" for n in range(6)}


def test_rows_that_cannot_be_used_cost_one_clip_each(root, tmp_path):
    rows = [
        ("s0/c0.mp4", "good", "train", "", ""),
        ("s0/gone.mp4", "hello", "train", "", ""),
        ("s1/c0.mp4", " {} ", "train", "", ""),
        ("s2/c0.mp4", "hello", "train", "0.5", "0.5"),
        ("s3/c0.mp4", "hello", "train", "0", "9"),
        ("s4/c0.mp4", "hello", "train", "9", ""),
        ("s5/c0.mp4", "hello", "train", "", ""),
        ("s5/c0.mp4", "hello", "train", "", ""),
    ]
    table = write_table(
        tmp_path / "t.csv", *rows, heading=("video", "text", "split", "start", "end")
    )
    clips = read(root, transcripts=table)
    found = {key: problem for key, (split, problem) in lost(clips).items() if split == "train"}
    assert set(found) == {
        "s0-gone",
        "s1-c0",
        "s2-c0-00000500-00000500",
        "s3-c0-00000000-00009000",
        "s4-c0-00009000",
        "s5-c0",
    }
    assert found["s0-gone"].startswith("t.csv, line 3: ")
    assert "gone.mp4 is missing" in found["s0-gone"]
    assert "the transcript is empty" in found["s1-c0"]
    assert "are not in order" in found["s2-c0-00000500-00000500"]
    assert "start or end lie behind it" in found["s3-c0-00000000-00009000"]
    assert "start or end lie behind it" in found["s4-c0-00009000"]
    assert found["s5-c0"] == "listed 2 times; keep one row"
    assert [clip.key for clip in clips if not clip.problem] == ["s0-c0"]


def test_a_split_without_a_row_is_an_error(root, tmp_path):
    table = write_table(tmp_path / "t.csv", ("s0/c0.mp4", "hello", "train"))
    shards = {"train": 1, "val": 1, "test": 1}
    with pytest.raises(InputError, match="no usable clip for the split 'val'; none is found"):
        scan(root, tmp_path / "out", shards, {"kind": "folder", "transcripts": table})


def test_a_table_that_cannot_be_read_is_refused_at_once(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "table.csv").write_text("video,words\na.mp4,hello\n")
    with pytest.raises(InputError, match="lacks the column text"):
        Folder(transcripts=str(tmp_path / "table.csv")).check(tmp_path / "mine")


def test_a_corpus_for_tests_alone_has_empty_manifests_of_the_rest(root, tmp_path):
    rows = [(f"s{n}/c0.mp4", "hello", "test") for n in range(3)]
    reading = {"kind": "folder", "transcripts": write_table(tmp_path / "t.csv", *rows)}
    shards = {"train": 2, "val": 1, "test": 1}
    with pytest.raises(InputError, match="no usable clip for the split 'train'"):
        scan(root, tmp_path / "out", shards, reading)
    scan(root, tmp_path / "out", shards, reading, needed=["test"])
    manifests = [read_manifest(tmp_path / "out" / f"{s}.parquet") for s in ("train", "val", "test")]
    assert [len(manifest) for manifest in manifests] == [0, 0, 3]
    with pytest.raises(InputError, match="no usable clip for the split 'val'"):
        scan(root, tmp_path / "out", shards, reading, needed=["val", "test"])
