import pytest

from mavsr.corpus.table import read_table
from mavsr.errors import InputError


def table(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        "video,text\na.mp4,hello\n",
        "\ufeffvideo , text\r\na.mp4 , hello \r\n\r\n,\r\n",
        "video,text\ra.mp4,hello",
        'text,video\n"hello","a.mp4"\n',
        "video,text\na.mp4,hello\n".encode("utf-16"),
        "id,video,text,notes\n1,a.mp4,hello,x\n",
    ],
)
def test_tables_are_read_whatever_their_bytes(tmp_path, content):
    (row,), has_splits = read_table(table(tmp_path, content))
    assert (row.video, row.text, row.split, row.speaker) == ("a.mp4", "hello", "", "")
    assert (row.start, row.end, has_splits) == (None, None, False)


def test_a_text_with_commas_quotes_and_line_breaks(tmp_path):
    rows, _ = read_table(table(tmp_path, 'video,text\na.mp4,"Oh, ""well""\nthen"\nb.mp4,x\n'))
    assert rows[0].checked_text() == 'oh, "well" then'
    assert [row.place for row in rows] == ["t.csv, line 3", "t.csv, line 4"]


def test_columns_that_are_not_read_are_told(tmp_path, caplog):
    read_table(table(tmp_path, "video,text,speker\na.mp4,hello,ann\n"))
    assert "columns speker are not read" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "lacks the column video and text"),
        ("video\na.mp4\n", "lacks the column text in its first line"),
        ("video;text\na.mp4;x\n", "lacks the column video and text .*separated by commas"),
        ("a.mp4,hello\n", "lacks the column video and text"),
        ("video,text,text\na,b,c\n", "has the column text twice"),
        ("video,text\n", "holds no row"),
        ("video,text\na.mp4,well, yes\n", "line 2: 3 fields below 2 headings; .*double quotes"),
        ("video,text\na.mp4\n", "line 2: 1 fields below 2 headings"),
        ("video,text\n,hello\n", "line 2: no video is named"),
        ("video,text,split\na.mp4,x,dev\n", "line 2: split is 'dev'; .*train, val, test"),
        ("video,text,split\na.mp4,x,\n", "line 2: split is ''"),
        ("video,text,start\na.mp4,x,1:05\n", "line 2: start is '1:05'"),
        ("video,text,end\na.mp4,x,-1\n", "line 2: end is '-1'"),
        ("video,text,end\na.mp4,x,nan\n", "line 2: end is 'nan'"),
        ('video,text\na.mp4,"open\n', "mend the quotes"),
        (b"video,text\na.mp4,caf\xe9\n", "is not UTF-8"),
        ("video,text\na.mp4,x\n".encode("utf-16-le"), "holds null characters"),
    ],
)
def test_a_useless_table_is_named_with_its_line(tmp_path, content, message):
    path = table(tmp_path, content)
    with pytest.raises(InputError, match=f"(?s){message}") as caught:
        read_table(path)
    assert str(path) in str(caught.value)


def test_wrong_rows_are_told_together_up_to_ten(tmp_path):
    content = "video,text\n" + "a.mp4,b,c\n" * 12 + "a.mp4,x\n"
    with pytest.raises(InputError) as caught:
        read_table(table(tmp_path, content))
    assert str(caught.value).count("3 fields") == 10
    assert "and 2 more" in str(caught.value)


def test_a_speaker_is_what_is_seen_of_its_name(tmp_path):
    rows, _ = read_table(table(tmp_path, "video,text,speaker\na.mp4,x,ann\u200b\nb.mp4,x,\ufeff\n"))
    assert [row.speaker for row in rows] == ["ann", ""]
