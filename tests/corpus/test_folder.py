import os

import numpy as np
import pytest
from own_videos import lost, read, write_beside, write_speakers
from trees import write_video

from mavsr.corpus.clips import UNUSED
from mavsr.corpus.folder import Folder, make_key
from mavsr.corpus.manifest import SAFE_KEY
from mavsr.corpus.scan import scan
from mavsr.errors import InputError


@pytest.fixture
def root(tmp_path):
    return write_speakers(tmp_path / "mine")


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


def test_a_clip_that_is_too_long_is_listed(root):
    write_beside(root / "s0" / "c7.mp4", seconds=2.0)
    ((split, problem),) = lost(read(root, longest_clip_s=1.5)).values()
    assert split in ("train", "val", "test")
    assert "2.0 s is longer than longest_clip_s 1.5" in problem


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
