import csv
import os

import numpy as np
import pytest
from trees import write_video

from mavsr.corpus.clips import UNUSED
from mavsr.corpus.folder import Folder, make_key
from mavsr.corpus.manifest import SAFE_KEY, read_manifest
from mavsr.corpus.scan import read_corpus, scan
from mavsr.errors import InputError


def write_beside(path, text="Hello, World", seconds=1.0):
    write_video(path, seconds)
    path.with_suffix(".txt").write_text(text)


@pytest.fixture
def root(tmp_path):
    """Ten speakers of two clips each, with sidecars."""
    for speaker in range(10):
        for number in range(2):
            write_beside(tmp_path / "mine" / f"s{speaker}" / f"c{number}.mp4", f"Clip {number}")
    return tmp_path / "mine"


def read(root, **changes):
    return read_corpus(root, {"kind": "folder", **changes}, 0)


def lost(clips):
    return {clip.key: (clip.split, clip.problem) for clip in clips if clip.problem}


def write_table(path, *rows, heading=("video", "text", "split")):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([heading, *rows])
    return str(path)


def test_sidecars_and_splits_by_speaker(root):
    clips = read(root, test_share=0.2, val_share=0.1)
    assert not lost(clips)
    speakers = {s: {c.speaker for c in clips if c.split == s} for s in ("train", "val", "test")}
    assert {split: len(found) for split, found in speakers.items()} == {
        "train": 7,
        "val": 1,
        "test": 2,
    }
    assert len(set.union(*speakers.values())) == 10
    first = min(clips, key=lambda clip: clip.key)
    assert (first.key, first.text, first.speaker) == ("s0-c0", "clip 0", "s0")
    assert np.isnan(first.end)
    assert first.duration_s == pytest.approx(1.0, abs=0.05)
    again = read(root, test_share=0.2, val_share=0.1)
    assert repr(clips) == repr(again)  # NaN differs from itself


def test_a_speaker_keeps_the_split_when_others_come(root):
    def held_out():
        return {c.speaker for c in read(root, test_share=0.3) if c.split == "test"}

    before = held_out()
    for number in range(2, 5):
        write_beside(root / "s5" / f"c{number}.mp4")
    assert len(before) == 3
    assert before <= held_out() or held_out() <= before


def test_too_few_speakers_for_three_splits(tmp_path):
    for speaker in ("a", "b"):
        write_beside(tmp_path / speaker / "c.mp4")
    with pytest.raises(InputError, match=r"2 speakers .* too few for three splits"):
        read(tmp_path)


def test_grid_is_read_with_its_alignments(tmp_path):
    root, texts = tmp_path / "grid", tmp_path / "grid" / "alignments"
    for speaker in ("s1", "s2", "s3", "s4"):
        write_video(root / speaker / "bbaf2n.mpg", 3.0)
        (texts / speaker).mkdir(parents=True)
        (texts / speaker / "bbaf2n.align").write_text(
            "0 23750 sil\n23750 29500 bin\n29500 34000 blue\n34000 74500 sil\n"
        )
    clips = read(root, transcripts=str(texts))
    assert not lost(clips)
    assert {clip.key: clip.text for clip in clips} == {
        f"s{n}-bbaf2n": "bin blue" for n in (1, 2, 3, 4)
    }
    assert all(clip.duration_s == pytest.approx(3.0, abs=0.1) for clip in clips)


def test_what_has_no_partner_is_listed(root):
    (root / "s0" / "c0.txt").unlink()
    (root / "s1" / "c0.mp4").unlink()
    (root / "s2" / "c0.txt").write_text("  \n")
    (root / "s3" / "c0.txt").write_bytes(b"caf\xe9")
    (root / "s4" / "c0.mp4").write_bytes(b"")
    (root / "README.txt").write_text("about")
    (root / ".DS_Store").write_text("")
    (root / "s0" / "._c0.mp4").write_text("")
    found = lost(read(root))
    assert set(found) == {"s0-c0", "s1-c0", "s2-c0", "s3-c0", "s4-c0", "README"}
    assert "c0.txt is missing" in found["s0-c0"][1]
    assert found["s1-c0"] == (UNUSED, "no video for it")
    assert found["README"] == (UNUSED, "no video for it")
    assert "is empty" in found["s2-c0"][1]
    assert "is not UTF-8" in found["s3-c0"][1]
    assert "cannot be read as a video" in found["s4-c0"][1]
    assert UNUSED not in {found[key][0] for key in ("s0-c0", "s2-c0", "s3-c0", "s4-c0")}


def test_any_path_gives_a_safe_and_stable_key(root):
    names = ("Zoë Ünal/ein Clip, neu.mp4", "s-1/a.mp4", "s/1-a.mp4", "日本/語.mp4", "a.b/c.d.mp4")
    for name in names:
        write_beside(root / name)
    clips = [clip for clip in read(root) if str(clip.video.relative_to(root)) in names]
    assert len(clips) == len({clip.key for clip in clips}) == len(names)
    assert all(SAFE_KEY.fullmatch(clip.key) for clip in clips)
    assert not lost(clips)
    assert "Zo-nal-ein-Clip-neu-" in str([clip.key for clip in clips]).replace("--", "-")


def test_keys_do_not_depend_on_anything_but_the_path():
    from pathlib import Path

    assert make_key(Path("s1/bbaf2n.mpg")) == "s1-bbaf2n"
    assert make_key(Path("s 1/x.mp4")) == make_key(Path("s 1/x.mov")) != make_key(Path("s-1/x.mp4"))


def test_two_videos_with_one_key_are_both_refused(root):
    write_video(root / "s0" / "c0.mpg")
    found = lost(read(root))
    assert set(found) == {"s0-c0"}
    refused = [clip for clip in read(root) if clip.problem]
    assert len(refused) == 2
    assert all("would have the same key" in clip.problem for clip in refused)


def test_a_name_that_is_no_text_costs_one_clip(root, tmp_path):
    path = os.fsencode(root / "s0") + b"/caf\xe9.mp4"
    try:
        with open(path, "wb") as file:  # noqa: PTH123 (bytes)
            file.write((root / "s0" / "c0.mp4").read_bytes())
    except OSError:
        pytest.skip("this file system takes no such names")
    ((_, problem),) = lost(read(root)).values()
    assert "its path is not UTF-8" in problem
    scan(root, tmp_path / "out", {"train": 1, "val": 1, "test": 1}, {"kind": "folder"})
    assert "its path is not UTF-8" in (tmp_path / "out" / "dropped.csv").read_text()


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


def test_a_clip_that_is_too_long_is_listed(root):
    write_beside(root / "s0" / "c7.mp4", seconds=2.0)
    ((split, problem),) = lost(read(root, longest_clip_s=1.5)).values()
    assert split in ("train", "val", "test")
    assert "2.0 s is longer than longest_clip_s 1.5" in problem


def test_a_split_without_a_row_is_an_error(root, tmp_path):
    table = write_table(tmp_path / "t.csv", ("s0/c0.mp4", "hello", "train"))
    shards = {"train": 1, "val": 1, "test": 1}
    with pytest.raises(InputError, match="no usable clip for the split 'val'; none is found"):
        scan(root, tmp_path / "out", shards, {"kind": "folder", "transcripts": table})


@pytest.mark.parametrize("make", [False, True])
def test_a_root_without_videos_is_named(tmp_path, make):
    root = tmp_path / "none"
    if make:
        root.mkdir()
    with pytest.raises(InputError, match=f"{root}.*docs/data.md"):
        read(root)


@pytest.mark.parametrize("name", ["gone.csv", "gone"])
def test_missing_transcripts_are_named(root, tmp_path, name):
    with pytest.raises(InputError, match=f"{tmp_path / name}"):
        read(root, transcripts=str(tmp_path / name))


def test_the_version_of_a_clip_follows_its_text(root):
    before = {clip.key: clip.version for clip in read(root)}
    (root / "s0" / "c0.txt").write_text("something else")
    after = {clip.key: clip.version for clip in read(root)}
    assert {key for key in before if before[key] != after[key]} == {"s0-c0"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"val_share": 0}, "val_share is 0"),
        ({"test_share": 1.0}, "test_share is 1.0"),
        ({"test_share": 0.6, "val_share": 0.4}, "leave nothing for training"),
        ({"longest_clip_s": 0}, "longest_clip_s is 0"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(InputError, match=message):
        Folder(**settings)


def test_a_folder_without_any_transcript_is_refused_at_once(tmp_path):
    write_video(tmp_path / "mine" / "a.mp4", 1.0)
    with pytest.raises(InputError, match=r"no transcript \(.txt, .align\) lies below .*mine"):
        Folder().check(tmp_path / "mine")
    (tmp_path / "mine" / "a.TXT").write_text("hello")
    Folder().check(tmp_path / "mine")


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
