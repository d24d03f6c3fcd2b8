"""No clip of a user's own corpus is trained on and tested on, whatever links and tables say."""

import pytest
from trees import write_video

from mavsr.corpus.clips import UNUSED
from mavsr.corpus.folder import Folder
from mavsr.corpus.scan import read_corpus
from mavsr.errors import InputError


@pytest.fixture
def root(tmp_path):
    """Three speakers of one clip each."""
    for speaker in "abc":
        write_video(tmp_path / "mine" / speaker / "0.mp4").with_suffix(".txt").write_text("hi")
    return tmp_path / "mine"


def read(root, **changes):
    return read_corpus(root, {"kind": "folder", **changes}, 0)


def write_table(root, *lines):
    path = root.with_name("t.csv")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_links_to_folders_of_the_corpus_make_no_second_clips(root):
    wanted = [(clip.key, clip.split) for clip in read(root)]
    (root / "self").symlink_to(".")
    (root / "a_link").symlink_to("b")
    assert [(clip.key, clip.split) for clip in read(root)] == wanted


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("a/0.mp4,yo,test,,", True),
        ("./b/../a/0.mp4,hi,test,0,", True),
        ("{root}/a/0.mp4,hi,test,,", True),
        ("a/0.mp4,hi,train,,", False),
        ("a/0.mp4,hi,test,0.5,", False),
    ],
)
def test_a_clip_in_two_splits_is_an_error_that_names_both_lines(root, other, same):
    lines = ["video,text,split,start,end", "a/0.mp4,hi,train,,", "b/0.mp4,hi,val,,"]
    table = write_table(root, *lines, other.format(root=root))
    if not same:
        Folder(transcripts=table).check(root)
        return
    message = r"0.mp4 is in two splits: t.csv, line 2 \(train\) and t.csv, line 4 \(test\); mend"
    with pytest.raises(InputError, match=message):
        Folder(transcripts=table).check(root)
    with pytest.raises(InputError, match=message):
        read(root, transcripts=table)


def test_a_table_may_lead_to_the_root_by_another_path_than_the_config(root):
    link = root.with_name("link")
    link.symlink_to(root)
    (root / "c_link").symlink_to("c")
    lines = [f"{root}/a/0.mp4,hi,train", "b/0.mp4,hi,val", "c_link/0.mp4,hi,test"]
    clips = read(link, transcripts=write_table(root, "video,text,split", *lines))
    assert {clip.key: clip.split for clip in clips if not clip.problem} == {
        "a-0": "train", "b-0": "val", "c_link-0": "test",
    }  # fmt: skip
    assert not [clip for clip in clips if clip.split == UNUSED]


@pytest.mark.parametrize("name", [".", "..", "/", "x" * 300 + ".mp4"])
def test_a_row_that_names_no_file_costs_itself(root, name):
    lines = [f"{name},hi,train", "b/0.mp4,hi,train"]
    clips = read(root, transcripts=write_table(root, "video,text,split", *lines))
    assert [clip.key for clip in clips if not clip.problem] == ["b-0"]
    (problem,) = [clip.problem for clip in clips if clip.split == "train" and clip.problem]
    assert problem.startswith("t.csv, line 2: ")
