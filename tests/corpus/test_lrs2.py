import numpy as np
import pytest
from trees import write_clip, write_lrs2

from mavsr.corpus.clips import UNUSED
from mavsr.corpus.lrs2 import Lrs2
from mavsr.errors import InputError


@pytest.fixture
def root(tmp_path):
    return write_lrs2(tmp_path / "lrs2")


def read(root, **changes):
    return Lrs2(**{"longest_segment_s": 1.5, **changes}).read(root, 0)


KEYS = {
    "main-111-00001": "train",
    "main-111-00002": "train",
    "pretrain-111-00009-000": "train",
    "pretrain-111-00009-001": "train",
    "main-222-00001": "val",
    "main-333-00001": "test",
}


def split_of(clips):
    return {clip.key: clip.split for clip in clips}


def test_the_lists_say_the_splits(root):
    clips = read(root)
    assert split_of(clips) == KEYS
    assert len(clips) == len(KEYS)
    assert not any(clip.problem for clip in clips)
    found = {clip.key: clip for clip in clips}
    whole = found["main-333-00001"]
    assert (whole.text, whole.speaker) == ("clip 333 1", "333")
    assert np.isnan(whole.end)
    assert whole.duration_s == pytest.approx(1.2, abs=0.01)
    second = found["pretrain-111-00009-001"]
    assert (second.text, second.start, second.end) == ("three", 1.5, 2.4)


def test_the_root_may_be_mvlrs_v1_and_the_lists_may_lie_in_it(root):
    assert split_of(read(root / "mvlrs_v1")) == KEYS
    for path in root.glob("*.txt"):
        path.rename(root / "mvlrs_v1" / path.name)
    assert split_of(read(root)) == split_of(read(root / "mvlrs_v1")) == KEYS


def test_relative_roots_work(root, monkeypatch):
    monkeypatch.chdir(root)
    for name in (".", "mvlrs_v1"):
        assert split_of(read(type(root)(name))) == KEYS
    monkeypatch.chdir(root / "mvlrs_v1")
    (root / "mvlrs_v1" / "main" / "extra").mkdir()
    (root / "val.txt").unlink()
    with pytest.raises(InputError, match=r"which lacks val.txt"):
        read(type(root)("."))


def test_lists_may_have_windows_line_ends_blank_lines_and_suffixes(root):
    (root / "train.txt").write_bytes(b"\xef\xbb\xbf111/00001.mp4\r\n\r\n111/00002\r\n")
    assert split_of(read(root)) == KEYS


@pytest.mark.parametrize(
    ("gone", "lacks"),
    [
        ("mvlrs_v1", "mvlrs_v1/pretrain, mvlrs_v1/main"),
        ("mvlrs_v1/main", "mvlrs_v1/main"),
        ("mvlrs_v1/pretrain", "mvlrs_v1/pretrain"),
        ("pretrain.txt", "pretrain.txt"),
        ("test.txt", "test.txt"),
    ],
)
def test_what_is_missing_is_named_with_its_place(root, gone, lacks):
    (root / gone).rename(root.parent / "elsewhere")
    with pytest.raises(InputError, match=f"no corpus at {root}, which lacks {lacks}[.]") as caught:
        read(root)
    for name in ("mvlrs_v1/main/<broadcast>/<clip>.mp4 and .txt", "train.txt", "test.txt"):
        assert f"{root}/{name}" in str(caught.value)
    assert "docs/data.md" in str(caught.value)


def test_a_missing_copy_is_explained(tmp_path):
    with pytest.raises(InputError, match="lrs2, which does not exist") as caught:
        read(tmp_path / "lrs2")
    assert "mvlrs_v1/main/<broadcast>" in str(caught.value)


def test_one_may_do_without_pretrain_if_one_says_so(root):
    (root / "mvlrs_v1" / "pretrain").rename(root / "elsewhere")
    (root / "pretrain.txt").unlink()
    assert set(split_of(read(root, pretrain=False))) == {k for k in KEYS if "pretrain" not in k}


def test_an_entry_without_a_video_or_transcript_is_a_lost_clip(root):
    (root / "mvlrs_v1" / "main" / "333" / "00001.mp4").unlink()
    (root / "mvlrs_v1" / "main" / "222" / "00001.txt").unlink()
    (root / "train.txt").write_text("111/00001\n111/00002\n999/00001\n")
    lost = {clip.key: clip for clip in read(root) if clip.problem}
    assert {key: clip.split for key, clip in lost.items()} == {
        "main-333-00001": "test",
        "main-222-00001": "val",
        "main-999-00001": "train",
    }
    assert "00001.mp4 is missing" in lost["main-333-00001"].problem
    assert "00001.txt is missing" in lost["main-222-00001"].problem


def test_videos_that_no_list_names_are_listed(root, caplog):
    write_clip(root / "mvlrs_v1" / "main" / "444" / "00001.mp4")
    write_clip(root / "mvlrs_v1" / "pretrain" / "00001.mp4")
    extra = {clip.key: clip.problem for clip in read(root) if clip.split == UNUSED}
    assert set(extra) == {"main-444-00001", "pretrain-00001"}
    assert extra["main-444-00001"] == "not used: no list names it"
    assert "2 clips of the tree are in no list" in caplog.text


def test_a_repeated_entry_is_listed_and_read_once(root):
    (root / "train.txt").write_text("111/00001\n111/00002\n111/00001\n")
    clips = read(root)
    assert [clip.key for clip in clips if not clip.problem].count("main-111-00001") == 1
    (again,) = (clip for clip in clips if clip.problem)
    assert again.split == UNUSED
    assert again.problem == "train.txt, line 3 repeats train.txt, line 1"


def test_a_clip_in_two_splits_is_an_error(root):
    (root / "val.txt").write_text("222/00001\n111/00002\n")
    with pytest.raises(InputError, match=r"two splits: train.txt, line 2 and val.txt, line 2"):
        read(root)


@pytest.mark.parametrize("line", ["00001", "main/111/00001", "/etc/passwd/x"])
def test_a_line_that_names_no_clip_is_an_error(root, line):
    (root / "test.txt").write_text(f"333/00001 NF\n{line} MV\n")
    with pytest.raises(InputError, match=r"test.txt, line 2: .* is not '<broadcast>/<clip>'"):
        read(root)


def test_a_path_out_of_the_tree_is_refused(root):
    (root / "test.txt").write_text("333/00001\n../secret NF\n")
    (lost,) = (clip for clip in read(root) if clip.problem)
    assert "may hold only letters" in lost.problem


def test_an_empty_list_gives_an_empty_split(root):
    (root / "val.txt").write_text("\n")
    assert "val" not in split_of(read(root)).values()
