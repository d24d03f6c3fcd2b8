import numpy as np
import pytest
from trees import write_clip

from mavsr.corpus.clips import UNUSED
from mavsr.corpus.lrs3 import Lrs3
from mavsr.errors import InputError


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "lrs3"
    write_clip(root / "trainval" / "ann" / "00001.mp4", 1.2)
    write_clip(root / "test" / "zoe" / "50001.mp4", 2.0, "THE {BREATH} END")
    words = [("ONE", 0.1, 0.5), ("TWO", 0.6, 1.0), ("THREE", 1.5, 2.4)]
    write_clip(root / "pretrain" / "ann" / "00007.mp4", 2.2, "ONE TWO THREE", words)
    return root


def read(tree, longest_s=16.0):
    """All clips but the validation split, which repeats the test split here."""
    clips = Lrs3(longest_s, validation="test").read(tree, 0)
    return [clip for clip in clips if clip.split != "val"]


def test_a_tree_becomes_clips(tree):
    clips = {clip.key: clip for clip in read(tree, 1.5)}
    assert list(clips) == [
        "pretrain-ann-00007-000",
        "pretrain-ann-00007-001",
        "trainval-ann-00001",
        "test-zoe-50001",
    ]
    assert not any(clip.problem for clip in clips.values())
    first, second = (clips[f"pretrain-ann-00007-00{n}"] for n in range(2))
    assert (first.text, first.start, first.end) == ("one two", 0.1, 1.0)
    assert (second.text, second.start) == ("three", 1.5)
    assert second.end == pytest.approx(2.2, abs=0.01)  # the file ends before the word does
    assert second.duration_s == second.end - second.start
    whole = clips["test-zoe-50001"]
    assert (whole.text, whole.speaker, whole.split) == ("the breath end", "zoe", "test")
    assert np.isnan(whole.end)
    assert whole.duration_s == pytest.approx(2.0, abs=0.01)
    assert whole.video == tree / "test" / "zoe" / "50001.mp4"


def problems(tree):
    return {clip.key: clip.problem for clip in read(tree) if clip.problem}


def test_what_cannot_be_used_is_listed_and_the_rest_is_read(tree):
    folder = tree / "trainval" / "ann"
    (folder / "00002.mp4").write_bytes(b"no video")
    (folder / "00002.txt").write_text("Text:  A\n")
    write_clip(folder / "00003.mp4")
    (folder / "00003.txt").unlink()
    write_clip(folder / "00004.mp4", text="")
    (folder / "00005.txt").write_text("Text:  A\n")
    write_clip(tree / "pretrain" / "ann" / "00008.mp4", text="NO TIMES")
    words = [("LATE", 5.0, 6.0)]
    write_clip(tree / "pretrain" / "ann" / "00009.mp4", text="LATE", words=words)
    found = problems(tree)
    assert set(found) == {
        "trainval-ann-00002",
        "trainval-ann-00003",
        "trainval-ann-00004",
        "trainval-ann-00005",
        "pretrain-ann-00008",
        "pretrain-ann-00009-000",
    }
    assert "00002.mp4: cannot be read as a video" in found["trainval-ann-00002"]
    assert "00003.txt is missing" in found["trainval-ann-00003"]
    assert "00004.txt is empty" in found["trainval-ann-00004"]
    assert "00005.mp4" in found["trainval-ann-00005"]
    assert "no word timings" in found["pretrain-ann-00008"]
    assert len([clip for clip in read(tree) if not clip.problem]) == 3


@pytest.mark.parametrize("folder", ["pretrain", "trainval", "test"])
def test_a_part_that_is_missing_or_empty_is_named(tree, folder):
    (tree / folder).rename(tree / "elsewhere")
    with pytest.raises(InputError, match=f"no corpus at {tree}, which lacks {folder}") as caught:
        read(tree)
    for part in ("pretrain", "trainval", "test"):
        assert f"{tree}/{part}/<speaker>/<clip>.mp4 and .txt" in str(caught.value)
    (tree / folder).mkdir()
    with pytest.raises(InputError, match=f"which lacks {folder}"):
        read(tree)


@pytest.mark.parametrize(
    ("make", "state"), [(None, "does not exist"), (True, "is empty"), (False, "is not a folder")]
)
def test_a_missing_copy_is_explained(tmp_path, make, state):
    root = tmp_path / "lrs3"
    if make is not None:
        root.mkdir() if make else root.touch()
    with pytest.raises(InputError) as caught:
        read(root)
    message = str(caught.value)
    assert f"no corpus at {root}, which {state}" in message
    assert "docs/data.md" in message
    assert "LRS2 alone is enough for the LRS2 half" in message
    assert "use_corpora=[lrs2]" in message


def test_one_may_do_without_pretrain_if_one_says_so(tree):
    (tree / "pretrain").rename(tree / "elsewhere")
    clips = Lrs3(16, validation="test", pretrain=False).read(tree, 0)
    assert [clip.key for clip in clips if clip.split != "val"] == [
        "trainval-ann-00001",
        "test-zoe-50001",
    ]


def test_a_name_that_cannot_be_a_key_costs_one_clip(tree):
    write_clip(tree / "test" / "s 1" / "a.mp4")
    assert "may hold only letters" in problems(tree)["test-s 1-a"]
    assert len([clip for clip in read(tree) if not clip.problem]) == 3


def test_an_unreadable_transcript_costs_one_clip(tree):
    (tree / "test" / "zoe" / "50001.txt").unlink()
    (tree / "test" / "zoe" / "50001.txt").mkdir()
    assert "cannot be read" in problems(tree)["test-zoe-50001"]


def test_the_version_of_a_clip_follows_its_files(tree):
    def versions():
        return {clip.key: clip.version for clip in read(tree)}

    before = versions()
    write_clip(tree / "test" / "zoe" / "50001.mp4", 2.0, "THE {BREATH} ENDS")
    after = versions()
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"test-zoe-50001"}
    assert before == {**after, "test-zoe-50001": before["test-zoe-50001"]}


def test_extra_files_are_listed_or_passed_over(tree):
    write_clip(tree / "trainval" / "00003.mp4")
    write_clip(tree / "test" / "zoe" / "deep" / "00004.mp4")
    (tree / "test" / "zoe" / "notes.md").write_text("hello")
    (tree / "README").write_text("hello")
    extra = {clip.key: clip for clip in read(tree) if clip.split == UNUSED}
    assert set(extra) == {"trainval-00003", "test-zoe-deep-00004"}
    assert "does not lie at trainval/<speaker>/<clip>.mp4" in extra["trainval-00003"].problem
    assert len(read(tree)) == 3 + 2


def test_suffixes_in_upper_case_and_transcripts_alone_are_listed(tree):
    folder = tree / "trainval" / "ann"
    for name in ("00002.MP4", "00002.TXT", "00003.Mp4", "deep/00007.txt", "deep/._00008.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"")
    extra = {clip.key: clip for clip in read(tree) if clip.split == UNUSED}
    assert {key: clip.video.name for key, clip in extra.items()} == {
        "trainval-ann-00002": "00002.MP4",
        "trainval-ann-00003": "00003.Mp4",
        "trainval-ann-deep-00007": "00007.txt",
    }
    assert len({clip.problem for clip in extra.values()}) == 1


@pytest.mark.parametrize(
    ("words", "good"),
    [
        ([("ONE", 1.0, 1.3), ("TWO", 0.1, 0.6), ("THREE", 1.4, 1.9)], False),
        ([("ONE", 0.5, 0.1), ("TWO", 0.9, 1.6)], False),
        ([("ONE", 0.1, 0.1), ("TWO", 0.1, 1.6), ("THREE", 1.4, 1.9)], True),
    ],
)
def test_the_words_of_a_segment_are_in_the_order_of_their_times(tree, words, good):
    write_clip(tree / "pretrain" / "bob" / "00001.mp4", 2.0, "TEXT", words)
    (clip,) = (clip for clip in read(tree) if clip.speaker == "bob")
    assert clip.problem == ("" if good else "the segment's word timings are not in order")


def split_of(clips):
    return {clip.key: clip.split for clip in clips}


@pytest.fixture
def four_speakers(tree):
    for name in ("bob", "cy", "dot"):
        write_clip(tree / "trainval" / name / "00001.mp4")
        words = [("ONE", 0.0, 0.4)]
        write_clip(tree / "pretrain" / name / "00002.mp4", 1.0, "ONE", words)
    return tree


def test_a_share_of_the_speakers_is_held_out(four_speakers):
    clips = Lrs3(16, validation_share=0.5).read(four_speakers, 0)
    val = {clip.speaker for clip in clips if clip.split == "val"}
    assert len(val) == 2
    assert not val & {clip.speaker for clip in clips if clip.split == "train"}
    refused = [clip for clip in clips if clip.split == UNUSED]
    assert {clip.speaker for clip in refused} == val
    assert all("held out for validation" in clip.problem for clip in refused)


def test_a_share_that_leaves_nobody_to_train_on_is_told(tree):
    write_clip(tree / "trainval" / "bob" / "00001.mp4")
    whoever = Lrs3(16, validation_share=0.9)
    message = r"validation_share 0.9 holds out every speaker of training \(2\); make it smaller"
    with pytest.raises(InputError, match=message):
        whoever.read(tree, 0)
    write_clip(tree / "pretrain" / "cy" / "00001.mp4", 1.0, "ONE", [("ONE", 0.0, 0.4)])
    assert {clip.speaker for clip in whoever.read(tree, 0) if clip.split == "train"} == {"cy"}


def test_validation_is_test_when_asked_for_and_says_so(tree, caplog):
    (tree / "test" / "zoe" / "50002.mp4").write_bytes(b"no video")
    clips = Lrs3(16, validation="test").read(tree, 0)
    val, test = ([c for c in clips if c.split == split] for split in ("val", "test"))
    assert [c.key for c in val] == [c.key for c in test]
    assert len(test) == 2
    assert [bool(c.problem) for c in val] == [False, True]
    assert split_of(clips)["trainval-ann-00001"] == "train"
    assert "the validation split is the test split" in caplog.text


def test_validation_may_be_listed(four_speakers, tmp_path, caplog):
    names = tmp_path / "valid.id"
    names.write_bytes(b"trainval/bob/00001\r\ncy/00001.mp4\n\ncy/00001\ntrainval/gone/00001\n")
    clips = Lrs3(16, validation=str(names)).read(four_speakers, 0)
    assert {c.key for c in clips if c.split == "val" and not c.problem} == {
        "trainval-bob-00001",
        "trainval-cy-00001",
    }
    assert split_of(clips)["pretrain-bob-00002-000"] == "train"
    (lost,) = (c for c in clips if c.problem)
    assert (lost.key, lost.split) == ("trainval-gone-00001", "val")
    assert "there is no such clip" in lost.problem
    assert "2 of the speakers of the validation split" in caplog.text


@pytest.mark.parametrize(("content", "message"), [(None, "is missing"), ("\n", "is empty")])
def test_a_useless_list_of_validation_clips_is_named(tree, tmp_path, content, message):
    names = tmp_path / "valid.id"
    if content is not None:
        names.write_text(content)
    with pytest.raises(InputError, match=f"list of validation clips {names} {message}"):
        Lrs3(16, validation=str(names)).read(tree, 0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "give either validation_share"),
        ({"validation_share": 0.1, "validation": "test"}, "give either validation_share"),
        ({"validation_share": 1.0}, "validation_share is 1.0"),
        ({"validation": "test", "longest_segment_s": 0}, "longest_segment_s is 0"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(InputError, match=message):
        Lrs3(**{"longest_segment_s": 16, **settings})
