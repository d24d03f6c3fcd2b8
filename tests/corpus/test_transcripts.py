import pytest

from mavsr.corpus.transcripts import Word, clean_text, cut_words, read_lrs, read_sidecar
from mavsr.errors import InputError


def transcript(tmp_path, content):
    path = tmp_path / "x.txt"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"Text:  HELLO WORLD\nConf:  3\n",
        b"\xef\xbb\xbfText:  HELLO WORLD\nConf:  3\n",
        b"Text:  HELLO WORLD\r\nConf:  3\r\n",
        b"\xef\xbb\xbfText: Hello   {World}\r\n",
        b"Text:\tHELLO {WORLD}",
        b"Text:  HELLO WORLD\rConf:  3\r",
        "Text:  HELLO WORLD\r\nConf:  3\r\n".encode("utf-16"),
    ],
)
def test_transcripts_are_read_whatever_their_bytes(tmp_path, content):
    assert read_lrs(transcript(tmp_path, content)) == ("hello world", [])


def test_word_timings_are_read(tmp_path):
    content = (
        b"Text:  {NS} IT'S ME\r\nRef: abc\r\n\r\nWORD START END ASDSCORE\r\n"
        b"{NS} 0.00 0.20 1.0\r\nIT'S 0.25 0.5 2.0\r\n\r\nME 0.5 0.75 -1.5\r\n"
    )
    text, words = read_lrs(transcript(tmp_path, content))
    assert text == "ns it's me"
    assert words == [Word("ns", 0.0, 0.2), Word("it's", 0.25, 0.5), Word("me", 0.5, 0.75)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "first line"),
        (b"HELLO WORLD\n", "first line"),
        (b"\nText:  HELLO\n", "first line"),
        (b"Text:  \n", "is empty"),
        (b"Text:  {}\n", "is empty"),
        (b"Text:  CAF\xc9\n", "not UTF-8"),
        ("Text:  A\n".encode("utf-16-le"), "holds null characters"),
        ("Text:  A\n".encode("utf-32"), "holds null characters"),
        (b"Text:  A\nWORD START END ASDSCORE\nA 0.1\n", "line 3: 'A 0.1'"),
        (b"Text:  A\n\nWORD START END ASDSCORE\nA 0.1 0.2 1\nB x 0.2 1\n", "line 5: 'B x 0.2 1'"),
    ],
)
def test_bad_transcripts_are_named(tmp_path, content, message):
    path = transcript(tmp_path, content)
    with pytest.raises(InputError, match=message) as caught:
        read_lrs(path)
    assert str(path) in str(caught.value)


def test_a_missing_transcript_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone.txt is missing"):
        read_lrs(tmp_path / "gone.txt")


def test_text_is_cleaned():
    assert clean_text("  THE {QUICK}\tFox's  {} ") == "the quick fox's"


def spans(segments):
    return ["".join(word.text for word in segment) for segment in segments]


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ([1, 2, 3], ["abc"]),
        ([1, 2, 3.99], ["abc"]),
        ([1, 2, 4], ["ab", "c"]),  # an end at start + longest is too late: "end <"
        ([1, 4, 4.9], ["a", "bc"]),
        ([5, 6, 7], ["a", "bc"]),  # one long word stands alone
        ([5, 9, 13], ["a", "b", "c"]),
    ],
)
def test_clips_are_cut_at_word_boundaries(ends, expected):
    starts = [0, *ends[:-1]]
    words = [Word(*word) for word in zip("abc", starts, ends, strict=True)]
    assert spans(cut_words(words, 4)) == expected


def test_a_segment_is_measured_from_its_own_first_word():
    words = [
        Word("a", 10.0, 10.5),
        Word("b", 13.0, 13.9),
        Word("c", 13.95, 14.0),
        Word("d", 17, 17.94),
    ]
    assert spans(cut_words(words, 4.0)) == ["ab", "cd"]
    assert cut_words([], 4.0) == []


def test_rare_line_ends_do_not_cut_a_transcript(tmp_path):
    text, _ = read_lrs(transcript(tmp_path, "Text:  HELLO\x85WORLD MORE\n".encode()))
    assert text == "hello world more"


def test_commas_are_part_of_the_text(tmp_path):
    text, _ = read_lrs(transcript(tmp_path, b'Text:  WELL, "YES", SO\n'))
    assert text == 'well, "yes", so'


def test_the_two_ways_to_write_a_letter_become_one():
    assert clean_text("CAFE\u0301") == clean_text("caf\u00e9") == "caf\u00e9"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", b"Hello,\r\n  World\n", "hello, world"),
        ("a.txt", b"Text:  HELLO {NS}\nConf: 3\n", "hello ns"),
        ("a.txt", "\u00dcBER ALLES".encode("utf-16"), "\u00fcber alles"),
        (
            "a.align",
            b"0 23750 sil\n23750 29500 bin\n29500 34000 blue\n34000 35000 sp\n\n35000 74500 now\n",
            "bin blue now",
        ),
        ("a.align", b"0 23750 SIL\r\n23750 29500 bin\r\n", "bin"),
    ],
)
def test_files_beside_videos_are_read(tmp_path, name, content, expected):
    path = tmp_path / name
    path.write_bytes(content)
    assert read_sidecar(path) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b" \n\n", "is empty"),
        ("a.txt", b"", "is empty"),
        ("a.txt", b"caf\xe9", "is not UTF-8"),
        ("a.txt", "hello".encode("utf-16-be"), "holds null characters"),
        ("a.align", b"0 100 sil\n", "is empty"),
        ("a.align", b"0 100 sil\nbin blue at\n", "line 2: 'bin blue at' is not 'START END WORD'"),
        ("a.align", b"0 100\n", "line 1"),
    ],
)
def test_useless_files_beside_videos_are_named(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_sidecar(path)
    assert str(path) in str(caught.value)
