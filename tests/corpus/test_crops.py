"""Ready-made crops as the corpus stage sees them: trees with lists."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from crops import (
    SHARDS,
    SPLITS,
    lost,
    make_audio,
    make_crops,
    mp4_bytes,
    of_split,
    read,
    sample,
    wav_bytes,
    write_archive,
    write_pair,
    write_tree,
)

from mavsr.config.read import read_config
from mavsr.corpus.clips import UNUSED
from mavsr.corpus.readers import make_reader
from mavsr.corpus.scan import read_corpus, scan
from mavsr.errors import InputError


@pytest.fixture
def tree(tmp_path):
    return tmp_path / "crops", write_tree(tmp_path / "crops")


def test_a_tree_is_read_with_its_lists(tree):
    root, splits = tree
    clips = read(root, splits)
    assert not lost(clips)
    assert {clip.key: (clip.split, clip.speaker, clip.text) for clip in clips} == {
        f"lrs3-{split}-s{n}-{c:05d}": (split, f"s{n}", f"well, yes {split} {c}")
        for n, split in enumerate(SPLITS)
        for c in range(2)
    }
    assert {clip.duration_s for clip in clips} == {1.0}
    assert all(clip.audio == clip.video.with_suffix(".wav") for clip in clips)


def test_lists_of_one_split_are_joined_and_may_stand_in_two(tree, caplog):
    root, splits = tree
    more = {**splits, "train": splits["train"] + splits["val"]}
    clips = read(root, more)
    assert len(of_split(clips, "train")) == 4
    assert len(of_split(clips, "val")) == 2
    assert "2 clips of val or test are in train too" in caplog.text
    again = read(root, {**splits, "train": splits["train"] * 2})
    assert set(lost(again).values()) == {"listed 2 times; keep one row"}


def test_an_absolute_list_may_lie_elsewhere(tree, tmp_path):
    root, splits = tree
    moved = (root / splits["test"][0]).rename(tmp_path / "my test.csv")
    assert not lost(read(root, {**splits, "test": [str(moved)]}))


def test_the_text_of_a_list_without_texts_lies_in_the_tree_of_texts(tree):
    root, splits = tree
    labels = root / splits["test"][0]
    labels.write_text("\n".join(f"lrs3,lrs3_video_seg16s/test/s2/{n:05d}.mp4,25,1" for n in (0, 1)))
    text = root / "lrs3" / "lrs3_text_seg16s" / "test" / "s2" / "00000.txt"
    text.parent.mkdir(parents=True)
    text.write_text("HELLO {NS} YOU")
    clips = of_split(read(root, splits), "test")
    assert clips[0].text == "hello ns you"
    assert "lrs3_text_seg16s/test/s2/00001.txt is missing" in clips[1].problem


BROKEN = {
    "gone": (None, "gone.mp4 is missing"),
    "junk": (b"no video", "junk.mp4 cannot be read as a video"),
    "large": (mp4_bytes(make_crops(0, size=128)), "is 128x128; ready-made crops are 96x96"),
    "fast": (mp4_bytes(make_crops(0), rate=30), "has 30 frames per second"),
    "long": (mp4_bytes(make_crops(0, 60)), "25 frames are listed"),
    "cut": (mp4_bytes(make_crops(0, 60))[:-1500], "cut.mp4 is incomplete: by its headers"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_bad_file_has_a_row_with_its_reason(tree, tmp_path, name):
    root, splits = tree
    content, reason = BROKEN[name]
    video = write_pair(root / "lrs3" / "lrs3_video_seg16s" / "train" / "s0" / f"{name}.mp4")
    video.unlink() if content is None else video.write_bytes(content)
    with (root / splits["train"][0]).open("a") as file:
        file.write(f"lrs3,lrs3_video_seg16s/train/s0/{name}.mp4,25,1,hello\n")
    scan(root, tmp_path / "out", SHARDS, {"kind": "crops", "splits": splits})
    dropped = pd.read_csv(tmp_path / "out" / "dropped.csv")
    assert dropped[["key", "split"]].values.tolist() == [[f"lrs3-train-s0-{name}", "train"]]
    assert reason in dropped.reason[0]
    assert dropped.reason[0].startswith("lrs3_train_transcript_lengths_seg16s_25.csv, line 3: ")
    assert len(pd.read_parquet(tmp_path / "out" / "train.parquet")) == 2


AUDIO = {
    "is missing": None,
    "has 8000 Hz": wav_bytes(make_audio(0, 1.0, 8_000), 8_000),
    "cannot be read as audio": b"no audio",
    "holds no sample": wav_bytes(np.zeros(0, np.float32)),
}


@pytest.mark.parametrize("reason", AUDIO)
def test_audio_beside_crops_is_checked(tree, reason):
    root, splits = tree
    audio = root / "lrs3" / "lrs3_video_seg16s" / "test" / "s2" / "00000.wav"
    audio.unlink() if AUDIO[reason] is None else audio.write_bytes(AUDIO[reason])
    assert f"00000.wav {reason}" in lost(read(root, splits))["lrs3-test-s2-00000"]


def test_crops_without_audio_are_taken_where_it_is_optional(tree):
    root, splits = tree
    for audio in (root / "lrs3").rglob("*.wav"):
        audio.unlink()
    assert len(lost(read(root, splits))) == 6
    assert not lost(read(root, splits, "optional"))


def test_a_list_may_name_videos_by_absolute_paths(tree, tmp_path):
    root, splits = tree
    elsewhere = write_pair(tmp_path / "elsewhere" / "a" / "b.mp4")
    write_pair(tmp_path / "elsewhere" / "a" / "unlisted.mp4")
    below = root / "lrs3" / "lrs3_video_seg16s" / "test" / "s2" / "00000.mp4"
    upwards = "../lrs3/lrs3_video_seg16s/test/s2/00001.mp4"
    rows = [f"lrs3,{path},25,1,hello" for path in (below, upwards, elsewhere)]
    (root / splits["test"][0]).write_text("\n".join(rows))
    clips = read(root, splits)
    assert not lost(clips)
    *inside, outside = sorted(of_split(clips, "test"), key=lambda clip: clip.video == elsewhere)
    assert [clip.key for clip in inside] == ["lrs3-test-s2-00000", "lrs3-test-s2-00001"]
    assert outside.speaker == "a" and re.search("-elsewhere-a-b(-[0-9a-f]{8})?$", outside.key)


def test_what_no_list_names_is_unused(tree):
    root, splits = tree
    write_pair(root / "lrs3" / "lrs3_video_seg16s" / "test" / "s9" / "00000.mp4")
    (root / "lrs3" / "lrs3_video_seg16s" / "test" / "s9" / "._00000.mp4").write_bytes(b"\0")
    (clip,) = of_split(read(root, splits), UNUSED)
    assert (clip.key, clip.problem) == ("lrs3-test-s9-00000", "not used: no list names it")


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({"train": [], "val": ["a.csv"], "test": ["b.csv"]}, r"splits.train is \[\]"),
        ({"train": ["a.zip"], "val": ["a.csv"], "test": ["b.csv"]}, "a.zip is neither a list"),
    ],
)
def test_wrong_splits_are_named(splits, message):
    with pytest.raises(InputError, match=message):
        make_reader({"kind": "crops", "splits": splits})


def test_a_root_or_list_that_is_not_there_is_named(tree, tmp_path):
    root, splits = tree
    with pytest.raises(InputError, match=r"no corpus at .*gone"):
        read(tmp_path / "gone", splits)
    with pytest.raises(InputError, match=r"splits.val names x-\*.tar, but there is no .*x-\*.tar"):
        read(root, {**splits, "val": ["x-*.tar"]})


def list_of(root, *rows):
    (root / "test.csv").write_text("".join(f"{row}\n" for row in rows))
    return {"test": ["test.csv"]}


def test_videos_right_below_the_dataset_name_no_speaker_and_are_looked_for(tmp_path):
    for name in ("videos/0.mp4", "videos/1.mp4", "videos/2.MP4", "videos/deep/3.mkv"):
        write_pair(tmp_path / name)
    write_pair(tmp_path / "d" / "d_video_seg16s" / "4.mp4")
    rows = ("videos,0.mp4,25,0,hello", "d,d_video_seg16s/4.mp4,25,0,hello")
    clips = read(tmp_path, list_of(tmp_path, *rows))
    good = {clip.key: clip.speaker for clip in clips if not clip.problem}
    assert good == {"videos-0": "videos-0", "d-4": "d-4"}
    unused = {clip.key for clip in of_split(clips, UNUSED)}
    assert unused == {"videos-1", "videos-2", "videos-deep-3"}


@pytest.mark.parametrize(
    "path", ["..", "/", "../lrs3/..", "x" * 300 + ".mp4", "x" * 300 + "/a/b.mp4"]
)
def test_a_row_that_names_no_file_costs_itself(tree, path):
    root, splits = tree
    with (root / splits["test"][0]).open("a") as file:
        file.write(f"lrs3,{path},25,1,hello\n")
    clips = read(root, splits)
    (problem,) = lost(clips).values()
    assert "line 3: " in problem and problem.endswith("is missing")
    assert len(of_split(clips, "test")) == 3


def test_stars_stand_for_folders_too_and_pass_over_what_systems_leave(tmp_path):
    for name in ("a-1/t.tar", "a-2/t.tar"):
        write_archive(tmp_path / name, sample(name[2]))
    for name in ("a-1/._t.tar", "__MACOSX/t.tar", ".hidden/t.tar"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\0\5\26\7Mac OS X")
    (tmp_path / "a-3" / "t.tar").mkdir(parents=True)
    for pattern in ("a-[12]/*t.tar", "*/*t.tar", f"{tmp_path}/*/*.tar"):
        clips = read(tmp_path, {"test": [pattern]})
        assert {clip.key for clip in clips} == {"1", "2"} and not lost(clips)
    with pytest.raises(InputError, match=r"splits.test names a-3/\*.tar, but there is no"):
        read(tmp_path, {"test": ["a-3/*.tar"]})


@pytest.mark.parametrize("name", ["{000..063.csv", "**a.csv"])
def test_a_name_that_cannot_be_expanded_is_told(tree, name):
    root, splits = tree
    with pytest.raises(InputError, match=rf"splits.train names {re.escape(name)}: "):
        make_reader({"kind": "crops", "splits": {**splits, "train": [name]}}).check(root)


def test_the_version_of_a_clip_follows_its_audio(tree):
    root, splits = tree

    def versions():
        return {clip.key: clip.version for clip in read(root, splits)}

    before = versions()
    audio = root / "lrs3" / "lrs3_video_seg16s" / "test" / "s2" / "00000.wav"
    audio.write_bytes(wav_bytes(make_audio(9, 0.9)))
    after = versions()
    assert {key for key in before if before[key] != after[key]} == {"lrs3-test-s2-00000"}


def examples():
    """The configs that docs/data.md gives for ready-made crops."""
    text = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    section = text.split("\n## Ready-made crops\n")[1].split("\n## ")[0]
    return re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)


def test_the_documented_tree_is_read_by_the_documented_config(tmp_path):
    listed, archived = examples()
    (tmp_path / "config.yaml").write_text(listed)
    corpus = read_config([tmp_path / "config.yaml"]).corpora["lrs3"]
    splits = write_tree(tmp_path / "crops")
    for split, (name,) in corpus.reading["splits"].items():
        (tmp_path / "crops" / splits[split][0]).rename(tmp_path / "crops" / name)
    clips = read_corpus(tmp_path / "crops", corpus.reading, 0)
    assert {split: len(of_split(clips, split)) for split in SPLITS} == dict.fromkeys(SPLITS, 2)

    (tmp_path / "config.yaml").write_text(archived)
    corpus = read_config([tmp_path / "config.yaml"]).corpora["lrs3"]
    names = [*(f"train-{n:03d}" for n in range(64)), "val", "test-0", "test-1"]
    for number, name in enumerate(names):
        write_archive(tmp_path / "tars" / f"{name}.tar", sample(f"c{number}", frames=1))
    clips = read_corpus(tmp_path / "tars", corpus.reading, 0)
    assert not lost(clips)
    assert [len(of_split(clips, split)) for split in SPLITS] == [64, 1, 2]
