"""Ready-made crops as the corpus stage sees them: archives."""

import json
import tarfile

import pandas as pd
import pytest
from archives import tar
from crops import (
    SHARDS,
    lost,
    make_audio,
    make_crops,
    mp4_bytes,
    of_split,
    read,
    sample,
    wav_bytes,
    write_archive,
)

from mavsr.corpus.members import as_file
from mavsr.corpus.scan import scan


@pytest.fixture
def archives(tmp_path):
    """Two archives for train and one for the other splits."""
    root = tmp_path / "archives"
    write_archive(root / "train-000.tar", sample("a/1", 1) | sample("a/2", 2))
    about = {"b.mp4": mp4_bytes(make_crops(3)), "b.wav": wav_bytes(make_audio(3))}
    about["b.json"] = json.dumps({"text": "Hello, you", "speaker": "ann"}).encode()
    write_archive(root / "train-001.tar", {f"./{name}": c for name, c in about.items()})
    write_archive(root / "val.tar", sample("c", 4))
    write_archive(root / "test.tar", sample("d", 5))
    return root, {"train": ["train-{000..001}.tar"], "val": ["val.tar"], "test": ["te*.tar"]}


def test_archives_are_read_without_unpacking(archives):
    root, splits = archives
    clips = read(root, splits)
    assert not lost(clips)
    found = {clip.key: (clip.split, clip.speaker, clip.text) for clip in clips}
    assert found == {
        "a-1": ("train", "a-1", "bin blue"),
        "a-2": ("train", "a-2", "bin blue"),
        "b": ("train", "ann", "hello, you"),
        "c": ("val", "c", "bin blue"),
        "d": ("test", "d", "bin blue"),
    }
    assert {str(clip.video.relative_to(root)) for clip in clips} == {
        "train-000.tar/a/1.mp4", "train-000.tar/a/2.mp4", "train-001.tar/b.mp4",
        "val.tar/c.mp4", "test.tar/d.mp4",
    }  # fmt: skip


def test_bad_samples_of_an_archive_have_rows(archives):
    root, splits = archives
    good = sample("good")
    whole = sample("x")
    size = len(whole["x.mp4"])
    write_archive(
        root / "val.tar",
        good
        | {"._good.mp4": b"\0"}
        | {"mute.mp4": whole["x.mp4"], "mute.txt": b"hello"}
        | {"bad.json": b"{", "bad.mp4": whole["x.mp4"], "bad.wav": whole["x.wav"]}
        | {**sample("cut"), "cut.mp4": whole["x.mp4"][:-300]}
        | {"dumb.mp4": whole["x.mp4"], "dumb.wav": whole["x.wav"]}
        | {"latin.mp4": whole["x.mp4"], "latin.txt": b"caf\xe9", "latin.wav": whole["x.wav"]}
        | {"blind.txt": b"hello", "blind.wav": whole["x.wav"]},
    )
    clips = read(root, splits)
    assert {key: why.replace(str(root), "") for key, why in lost(clips).items()} == {
        "mute": "/val.tar/mute.mp4: no audio track, or an empty one",
        "bad": "/val.tar/bad.json is no JSON (Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1))",
        "cut": f"/val.tar/cut.mp4 is incomplete: by its headers it has {size:,} bytes or more, but "
        f"{size - 300:,} are there; copy it anew",
        "dumb": "/val.tar/dumb.mp4: no text in a .txt, or under 'text' in a .json, beside it",
        "latin": "transcript /val.tar/latin.txt is not UTF-8 ('utf-8' codec can't decode byte 0xe9 "
        "in position 3: unexpected end of data); convert it",
        "blind": "no video in this sample, which has .txt, .wav",
    }
    assert [clip.key for clip in of_split(clips, "val") if not clip.problem] == ["good"]


def test_a_member_whose_name_is_no_text_costs_itself(archives, tmp_path):
    root, splits = archives
    write_archive(root / "val.tar", sample("caf\udce9") | sample("good"))
    scan(root, tmp_path / "out", SHARDS, {"kind": "crops", "splits": splits})
    assert "its path is not UTF-8" in (tmp_path / "out" / "dropped.csv").read_text()
    assert pd.read_parquet(tmp_path / "out" / "val.parquet").key.tolist() == ["good"]


@pytest.mark.parametrize("cut", [100, 20_000])
def test_a_damaged_archive_is_one_lost_row_beside_its_good_clips(archives, cut):
    root, splits = archives
    path = write_archive(root / "val.tar", sample("a") | sample("b") | sample("c"))
    path.write_bytes(path.read_bytes()[: cut if cut == 100 else -cut])
    clips = of_split(read(root, splits), "val")
    assert [clip for clip in clips if clip.problem]
    assert len([clip for clip in clips if not clip.problem]) == (0 if cut == 100 else 2)
    reasons = " ".join(lost(clips).values())
    assert "val.tar cannot be read as an uncompressed tar archive" in reasons


DAMAGE = {
    "cut before a header": lambda content, at: content[:at],
    "cut in a header": lambda content, at: content[: at + 100],
    "a wrong header": lambda content, at: content[: at + 150] + b"\xff" + content[at + 151 :],
    "two in one file": lambda content, at: content + content,
    "no zeros behind": lambda content, at: content + b"x" * 512,
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_at_a_header_or_behind_the_end_is_told_too(archives, name):
    root, splits = archives
    path = write_archive(root / "val.tar", sample("a") | sample("b") | sample("c"))
    with tarfile.open(path) as opened:
        at = opened.getmember("c.mp4").offset
    path.write_bytes(DAMAGE[name](path.read_bytes(), at))
    clips = of_split(read(root, splits), "val")
    good = [clip for clip in clips if not clip.problem]
    if "header" in name:
        # What of the sample before it is in the rest, nobody knows.
        assert [clip.key for clip in good] == ["a"]
        assert lost(clips)["b"] == "its archive breaks off or is damaged behind it"
        assert f"cut off or damaged at byte {at}" in lost(clips)["val"]
    else:
        assert [clip.key for clip in good] == ["a", "b", "c"]
        assert "but more follows" in lost(clips)["val"]
    for clip in good:
        with as_file(clip.video) as file:
            assert file.read_bytes() == sample("a")["a.mp4"]


ABOUT = {
    "null": (b'{"text": null}', "a.json: 'text' is None, no string"),
    "list": (b'{"text": ["hello", "you"]}', "a.json: 'text' is ['hello', 'you'], no string"),
    "number": (b'{"text": 5}', "a.json: 'text' is 5, no string"),
    "half a character": (b'{"text": "a \\ud83d"}', r"a.json: 'a \ud83d' holds half a character"),
    "half a speaker": (
        b'{"text": "a", "speaker": "\\ud83d"}',
        r"a.json: '\ud83d' holds half a character",
    ),
    "another key": (b'{"transcript": "hello"}', "no text in a .txt, or under 'text' in a .json"),
}


@pytest.mark.parametrize("name", ABOUT)
def test_a_text_that_is_none_is_no_text(tmp_path, name):
    content, reason = ABOUT[name]
    members = {**sample("a"), "a.json": content}
    del members["a.txt"]
    write_archive(tmp_path / "test.tar", members)
    assert reason in lost(read(tmp_path, {"test": ["test.tar"]}))["a"]


def test_json_that_goes_too_deep_costs_its_sample(archives, monkeypatch):
    root, splits = archives

    def loads(_content):
        raise RecursionError("maximum recursion depth exceeded")

    monkeypatch.setattr("mavsr.corpus.crop_archives.json.loads", loads)
    clips = read(root, splits)
    assert "b.json is no JSON (maximum recursion depth exceeded)" in lost(clips)["b"]
    assert len([clip for clip in clips if not clip.problem]) == 4


@pytest.mark.parametrize(
    ("said", "speaker"), [("null", "a"), ("0", "0"), ('"\\u200b ann"', "ann"), ('"\\ufeff"', "a")]
)
def test_a_speaker_is_what_is_seen_of_its_name(tmp_path, said, speaker):
    about = {"a.json": f'{{"text": "hello", "speaker": {said}}}'.encode()}
    write_archive(tmp_path / "test.tar", sample("a") | about)
    (clip,) = read(tmp_path, {"test": ["test.tar"]})
    assert clip.speaker == speaker


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_members_that_are_no_files_have_a_row(tmp_path, kind):
    links = [tarfile.TarInfo(f"b.{suffix}") for suffix in ("mp4", "wav", "txt")]
    for link in links:
        link.type, link.linkname = kind, link.name.replace("b", "a")
    (tmp_path / "test.tar").write_bytes(tar(sample("a"), members=links))
    clips = read(tmp_path, {"test": ["test.tar"]})
    assert lost(clips) == {"b": "b.txt is a link or a device; put the file itself there"}
    assert len(clips) == 2


def test_members_that_lead_out_of_their_archive_have_a_row(tmp_path):
    write_archive(tmp_path / "test.tar", sample("../x/a") | sample("b"))
    clips = read(tmp_path, {"test": ["test.tar"]})
    (problem,) = lost(clips).values()
    assert problem == "../x/a.wav leads out of its archive by '..'; rename it"
    assert len(clips) == 2


def test_transcripts_in_archives_are_read_as_those_beside_videos(tmp_path):
    members = sample("a", text="Text:  HELLO {NS} YOU\nConf:  3\n")
    members |= sample("b", text="hello\nyou") | {"b.txt": "hello you".encode("utf-16")}
    write_archive(tmp_path / "test.tar", members)
    clips = read(tmp_path, {"test": ["test.tar"]})
    assert {clip.key: clip.text for clip in clips} == {"a": "hello ns you", "b": "hello you"}


def test_samples_that_dots_make_one_are_named(tmp_path):
    dotted = {f"s1.0{n}{name[1:]}": c for n in (1, 2) for name, c in sample("a").items()}
    write_archive(tmp_path / "test.tar", dotted)
    problems = lost(read(tmp_path, {"test": ["test.tar"]}))
    assert "2 videos in the sample s1 (s1.01.mp4, s1.02.mp4)" in problems["s1"]
