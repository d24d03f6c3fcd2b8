import pytest

from mavsr.corpus.labels import read_labels, write_labels
from mavsr.errors import InputError


def texts(path):
    return [label.text for label in read_labels(path)[0]]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("bin blue", "bin blue"),
        ("well, yes, I do", "well, yes, I do"),
        ('"well, yes"', "well, yes"),
        ('"she said ""no"", twice"', 'she said "no", twice'),
        ('say "no"', 'say "no"'),
        ('"yes," he said, "no"', '"yes," he said, "no"'),
        ('"yes" he said', '"yes" he said'),
        ('"""quoted"""', '"quoted"'),
        ('""', ""),
        ("", ""),
    ],
)
def test_the_text_is_what_follows_four_commas(tmp_path, field, text):
    path = tmp_path / "l.csv"
    path.write_text(f"lrs3,lrs3_video_seg16s/test/a/00001.mp4,75,12 3 4,{field}\n")
    ((label,), wrong) = read_labels(path)
    assert not wrong
    assert (str(label.video), label.frames) == ("lrs3/lrs3_video_seg16s/test/a/00001.mp4", 75)
    assert (label.text, label.place) == (text, "l.csv, line 1")


def test_a_list_of_auto_avsr_itself_has_no_text(tmp_path):
    (tmp_path / "l.csv").write_text("lrs3,a.mp4,75,12 3 4\n")
    assert texts(tmp_path / "l.csv") == [None]


def test_headings_and_empty_lines_are_passed_over(tmp_path):
    (tmp_path / "l.csv").write_bytes(
        b"\xef\xbb\xbfdataset, rel_path, frames, token_ids, text\r\n\r\nlrs3,a.mp4,7,1,hello\r\n"
    )
    assert texts(tmp_path / "l.csv") == ["hello"]


def test_a_bad_line_costs_itself(tmp_path):
    path = tmp_path / "l.csv"
    path.write_text("lrs3,a.mp4,7,1,hello\nlrs3,b.mp4\nlrs3,c.mp4,many,1,x\nlrs3,,7,1,x\n")
    labels, wrong = read_labels(path)
    assert len(labels) == 1
    assert wrong == {
        2: "2 fields; expected are dataset,rel_path,frames,token_ids,text",
        3: "frames is 'many'; it must be a whole number",
        4: "rel_path is empty",
    }


def test_a_text_of_two_lines_costs_itself(tmp_path):
    path = tmp_path / "l.csv"
    path.write_text('lrs3,a.mp4,7,1,"hello\nthere"\nlrs3,b.mp4,7,1,"a ""b\nlrs3,c.mp4,7,1,x\n')
    labels, wrong = read_labels(path)
    assert [label.text for label in labels] == ["x"]
    assert list(wrong) == [1, 2, 3]
    assert (
        wrong[1] == wrong[3] == "the text's first quote has no end on this line; a text is one line"
    )


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "l.csv").write_text("video;text\na.mp4;hello\n")
    with pytest.raises(InputError, match=r"holds no line dataset,rel_path.*: line 1: 1 fields"):
        read_labels(tmp_path / "l.csv")


@pytest.mark.parametrize(
    "text", ["ünïcode, too", '"quoted"', '"open', 'a "b" c', '"yes," he said, "no"', '"', '""a']
)
def test_what_is_written_is_read(tmp_path, text):
    rows = [("mine", "mine_video_seg16s/train/a/b.mp4", 25, "0", text)]
    write_labels(tmp_path / "l.csv", rows)
    ((label,), _) = read_labels(tmp_path / "l.csv")
    assert (label.frames, label.text) == (25, text)
