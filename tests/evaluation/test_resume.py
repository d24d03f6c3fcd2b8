"""Which batches of an interrupted decoding job are taken over."""

import pytest

from mavsr.evaluation.resume import Resume

BATCHES = [
    [{"key": "a", "reference": "one", "hypothesis": "won"}],
    [{"key": "b", "reference": "two", "hypothesis": "too"}, {"key": "c", "reference": "\u2028"}],
    [{"key": "d", "reference": "four", "hypothesis": "for"}],
]


@pytest.fixture
def path(tmp_path):
    """What a job left that was killed after three batches, by the first code."""
    path = tmp_path / "a4_v2.resume"
    resume = Resume(path, "same", "first")
    for batch in BATCHES:
        resume.add(batch, 2.0, 5)
    return path


def test_a_job_goes_on_after_its_finished_batches(path, caplog):
    resume = Resume(path, "same", "first")
    assert list(resume.lines.values()) == [line for batch in BATCHES for line in batch]
    assert (resume.seconds, resume.searched) == (6.0, 15)
    assert resume.code == [{"digest": "first", "from_utterance": 0}]
    assert not caplog.text
    assert path.read_bytes().count(b"\n") == 4


def test_a_job_goes_on_by_other_code_and_tells(path, caplog):
    resume = Resume(path, "same", "second")
    assert len(resume.lines) == 4
    assert "what is left is decoded by the new code" in caplog.text
    resume.add([{"key": "e"}], 1.0, 7)
    expected = [
        {"digest": "first", "from_utterance": 0},
        {"digest": "second", "from_utterance": 4},
    ]
    assert resume.code == expected
    assert Resume(path, "same", "second").code == expected


def test_batches_of_other_settings_are_dropped(path, caplog):
    assert not Resume(path, "other", "first").lines
    assert "of another model, data or settings; starting afresh" in caplog.text
    assert path.read_bytes().count(b"\n") == 1


@pytest.mark.parametrize(
    ("old", "new", "left"),
    [
        (b"won", b"one", "bcd"),  # the line's structure is whole
        (b"too", b"t\xffo", "ad"),
        (b'"for"}], "seconds": 2.0, "searched": 5, "code": "first"}\n', b'"fo', "abc"),
        (b"same", b"sane", ""),
    ],
)
def test_damaged_batches_are_decoded_again(path, caplog, old, new, left):
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))
    resume = Resume(path, "same", "first")
    assert "".join(resume.lines) == left
    assert "damaged" in caplog.text
    # What is left is whole now.
    caplog.clear()
    assert Resume(path, "same", "first").lines == resume.lines
    assert not caplog.text


@pytest.mark.parametrize("content", [b"", bytes(4096), b'{"fingerprint": "same"}\n{"lines": []}\n'])
def test_a_file_that_is_none_of_ours_is_given_up(path, caplog, content):
    path.write_bytes(content)
    assert not Resume(path, "same", "first").lines
    assert "starting afresh" in caplog.text
