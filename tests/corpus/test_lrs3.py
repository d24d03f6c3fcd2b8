import av
import numpy as np
import pytest

from mavsr.corpus.lrs3 import Word, clean_text, cut_words, read_transcript, read_tree
from mavsr.errors import InputError


def write_clip(path, seconds=1.0, text="HELLO WORLD", words=None):
    """A tiny mp4 of grey frames with its transcript beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height = stream.width = 32
        stream.pix_fmt = "yuv420p"
        for _ in range(round(25 * seconds)):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 99, np.uint8), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    lines = [f"Text:  {text}", "Conf:  4"]
    if words:
        lines += ["", "WORD START END ASDSCORE"]
        lines += [f"{word} {start} {end} 3.1" for word, start, end in words]
    path.with_suffix(".txt").write_text("\n".join(lines) + "\n")


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "lrs3"
    write_clip(root / "trainval" / "ann" / "00001.mp4", 1.2)
    write_clip(root / "test" / "zoe" / "50001.mp4", 2.0, "THE {BREATH} END")
    words = [("ONE", 0.1, 0.5), ("TWO", 0.6, 1.0), ("THREE", 1.5, 2.4)]
    write_clip(root / "pretrain" / "ann" / "00007.mp4", 2.2, "ONE TWO THREE", words)
    return root


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
    ],
)
def test_transcripts_are_read_whatever_their_bytes(tmp_path, content):
    assert read_transcript(transcript(tmp_path, content)) == ("hello world", [])


def test_word_timings_are_read(tmp_path):
    content = (
        b"Text:  {NS} IT'S ME\r\nRef: abc\r\n\r\nWORD START END ASDSCORE\r\n"
        b"{NS} 0.00 0.20 1.0\r\nIT'S 0.25 0.5 2.0\r\n\r\nME 0.5 0.75 -1.5\r\n"
    )
    text, words = read_transcript(transcript(tmp_path, content))
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
        (b"Text:  A\nWORD START END ASDSCORE\nA 0.1\n", "line 3: 'A 0.1'"),
        (b"Text:  A\n\nWORD START END ASDSCORE\nA 0.1 0.2 1\nB x 0.2 1\n", "line 5: 'B x 0.2 1'"),
    ],
)
def test_bad_transcripts_are_named(tmp_path, content, message):
    path = transcript(tmp_path, content)
    with pytest.raises(InputError, match=message) as caught:
        read_transcript(path)
    assert str(path) in str(caught.value)


def test_a_missing_transcript_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone.txt is missing"):
        read_transcript(tmp_path / "gone.txt")


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


def test_a_tree_becomes_clips(tree):
    clips = {clip.key: clip for clip in read_tree(tree, 1.5)}
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
    assert (whole.text, whole.speaker, whole.folder) == ("the breath end", "zoe", "test")
    assert np.isnan(whole.end)
    assert whole.duration_s == pytest.approx(2.0, abs=0.01)
    assert whole.video == tree / "test" / "zoe" / "50001.mp4"


def problems(tree):
    return {clip.key: clip.problem for clip in read_tree(tree) if clip.problem}


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
    assert "00002.mp4 cannot be read as a video" in found["trainval-ann-00002"]
    assert "00003.txt is missing" in found["trainval-ann-00003"]
    assert "00004.txt is empty" in found["trainval-ann-00004"]
    assert "00005.mp4" in found["trainval-ann-00005"]
    assert "no word timings" in found["pretrain-ann-00008"]
    assert len([clip for clip in read_tree(tree) if not clip.problem]) == 3


@pytest.mark.parametrize("folder", ["trainval", "test"])
def test_a_wrong_root_is_named(tree, folder):
    (tree / folder).rename(tree / "elsewhere")
    with pytest.raises(InputError, match=f"{tree} is not an LRS3 tree"):
        list(read_tree(tree))


def test_pretrain_may_be_missing(tree):
    (tree / "pretrain").rename(tree / "elsewhere")
    assert len(list(read_tree(tree))) == 2


def test_a_name_that_cannot_be_a_key_costs_one_clip(tree):
    write_clip(tree / "test" / "s 1" / "a.mp4")
    assert "may hold only letters" in problems(tree)["test-s 1-a"]
    assert len([clip for clip in read_tree(tree) if not clip.problem]) == 3


def test_an_unreadable_transcript_costs_one_clip(tree):
    (tree / "test" / "zoe" / "50001.txt").unlink()
    (tree / "test" / "zoe" / "50001.txt").mkdir()
    assert "cannot be read" in problems(tree)["test-zoe-50001"]


def test_rare_line_ends_do_not_cut_a_transcript(tmp_path):
    text, _ = read_transcript(transcript(tmp_path, "Text:  HELLO\x85WORLD MORE\n".encode()))
    assert text == "hello world more"


def test_the_version_of_a_clip_follows_its_files(tree):
    def versions():
        return {clip.key: clip.version for clip in read_tree(tree)}

    before = versions()
    write_clip(tree / "test" / "zoe" / "50001.mp4", 2.0, "THE {BREATH} ENDS")
    after = versions()
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"test-zoe-50001"}
    assert before == {**after, "test-zoe-50001": before["test-zoe-50001"]}
