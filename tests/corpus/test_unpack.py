import io
import os
import random
import tarfile

import pytest
from archives import WHEN, pieces, read_files, tar, zipped
from hypothesis import given
from hypothesis import strategies as st

from mavsr.corpus.download.joined import JoinedParts
from mavsr.corpus.download.place import place
from mavsr.corpus.download.unpack import unpack
from mavsr.errors import InputError

FILES = {
    "mvlrs_v1/main/1/00001.txt": b"Text:  HELLO\n",
    "mvlrs_v1/main/é 2/00001.mp4": random.Random(1).randbytes(70_000),
    "./mvlrs_v1/empty": b"",
}


def special(kind, name="bad", linkname=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, linkname
    return info


def write_parts(folder, content, count=1):
    paths = [folder / f"part {n}" for n in range(count)]
    for path, piece in zip(paths, pieces(content, count), strict=True):
        path.write_bytes(piece)
    return paths


KINDS = {
    "tar": lambda: tar(FILES),
    "tar.gz": lambda: tar(FILES, "w:gz"),
    "tar.bz2": lambda: tar(FILES, "w:bz2"),
    "tar.xz": lambda: tar(FILES, "w:xz"),
    "zip": lambda: zipped(FILES),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 5])
def test_archives_of_every_kind_are_joined_and_unpacked(tmp_path, kind, count):
    parts = write_parts(tmp_path, KINDS[kind](), count)
    found = unpack(parts, tmp_path / "out", "x")
    assert found == (len(FILES), sum(map(len, FILES.values())))
    assert read_files(tmp_path / "out") == {k.removeprefix("./"): v for k, v in FILES.items()}
    times = {path.stat().st_mtime for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert times == {WHEN}


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=5), st.data())
def test_joined_parts_read_like_one_file(tmp_path_factory, pieces, data):
    folder = tmp_path_factory.mktemp("parts")
    for number, piece in enumerate(pieces):
        (folder / str(number)).write_bytes(piece)
    whole = io.BytesIO(b"".join(pieces))
    joined = io.BufferedReader(JoinedParts([folder / str(n) for n in range(len(pieces))]), 2)
    for _ in range(6):
        where = data.draw(st.integers(0, 50))
        count = data.draw(st.integers(0, 50))
        assert joined.seek(where) == whole.seek(where)
        assert joined.read(count) == whole.read(count)
        assert joined.tell() == whole.tell()
    assert joined.seek(0, os.SEEK_END) == len(whole.getvalue())
    joined.close()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (tar({"../x": b"1"}), r"'\.\./x' would lie outside"),
        (tar({"a/../../x": b"1"}), "would lie outside"),
        (tar({"/x": b"1"}), "'/x' would lie outside"),
        (tar({"a": b"1"}, members=[special(tarfile.DIRTYPE, "../d")]), "would lie outside"),
        (zipped({"../x": b"1"}), "would lie outside"),
        (zipped({"/x": b"1"}), "would lie outside"),
        (zipped({"../d/": b""}), "would lie outside"),
        (zipped({"x": b"/etc/passwd"}, mode=0o120777), "'x' is a link or a device"),
        (tar({"a": b"1"}, members=[special(tarfile.SYMTYPE, linkname="/etc")]), "is a link to"),
        (tar({"a": b"1"}, members=[special(tarfile.SYMTYPE, linkname="../a")]), "is a link to"),
        (tar({"a": b"1"}, members=[special(tarfile.SYMTYPE, linkname="bad")]), "is a link to"),
        (tar({"a": b"1"}, members=[special(tarfile.LNKTYPE, linkname="/etc/x")]), "is a link to"),
        (tar({"d/a": b"1"}, members=[special(tarfile.SYMTYPE, linkname="d")]), "is a link to"),
        (tar({"a": b"1"}, members=[special(tarfile.CHRTYPE)]), "'bad' is a device or a pipe"),
        (tar({"a": b"1"}, members=[special(tarfile.FIFOTYPE)]), "'bad' is a device or a pipe"),
        (tar({"a": b"1", "a/b": b"2"}), "is a file and a folder"),
        (tar({"a/b": b"1", "a": b"2"}), "is a file and a folder"),
        (tar({".": b"1"}), "is a file and a folder"),
    ],
)
def test_nothing_is_written_elsewhere(tmp_path, content, message):
    (tmp_path / "room").mkdir()
    parts = write_parts(tmp_path, content)
    with pytest.raises(InputError, match=message):
        unpack(parts, tmp_path / "room" / "out", "evil.tar")
    assert {path.name for path in tmp_path.iterdir()} == {"room", "part 0"}
    assert {path.name for path in (tmp_path / "room").iterdir()} == {"out"}
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))


def test_links_within_an_archive_become_copies(tmp_path):
    links = [
        special(tarfile.LNKTYPE, "c/hard", "a/b"),
        special(tarfile.SYMTYPE, "c/soft", "../a/b"),
        special(tarfile.SYMTYPE, "again", "c/soft"),
    ]
    parts = write_parts(tmp_path, tar({"a/b": b"content"}, "w:gz", links))
    unpack(parts, tmp_path / "out", "x")
    assert read_files(tmp_path / "out") == dict.fromkeys(
        ["a/b", "c/hard", "c/soft", "again"], b"content"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_archive_is_told(tmp_path, kind):
    content = KINDS[kind]()
    for size in (0, 100, len(content) // 2, len(content) - 5):
        if kind == "tar" and size == len(content) - 5:
            continue  # only zeros are missing
        parts = write_parts(tmp_path, content[:size])
        with pytest.raises(InputError, match=r"archive x cannot be unpacked.*all of its parts"):
            unpack(parts, tmp_path / f"out {size}", "x")


def test_a_tar_file_cut_between_two_members_is_told(tmp_path):
    content = tar({"a": b"1" * 512, "b": b"2" * 512})
    parts = write_parts(tmp_path, content[:1024])
    with pytest.raises(InputError, match="cut off or damaged at byte 1024"):
        unpack(parts, tmp_path / "out", "x")


def test_a_tar_file_with_a_spoilt_header_is_told(tmp_path):
    content = bytearray(tar({"a": b"1" * 512, "b": b"2" * 512}))
    content[1024 + 150] ^= 1
    parts = write_parts(tmp_path, bytes(content))
    with pytest.raises(InputError, match="cut off or damaged at byte 1024"):
        unpack(parts, tmp_path / "out", "x")


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_two_archives_under_one_name_are_told(tmp_path, mode):
    parts = write_parts(tmp_path, tar({"a": b"1"}, mode) + tar({"b": b"2"}, mode), 2)
    with pytest.raises(InputError, match=r"its end is at byte 1024, but .* list the two sep"):
        unpack(parts, tmp_path / "out", "x")


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.xz", "zip"])
def test_a_changed_byte_is_told(tmp_path, kind):
    content = bytearray(KINDS[kind]())
    content[len(content) // 2] ^= 1
    with pytest.raises(InputError, match="archive x cannot be unpacked"):
        unpack(write_parts(tmp_path, bytes(content)), tmp_path / "out", "x")


def test_the_checksum_at_the_end_of_a_compressed_file_counts(tmp_path):
    content = bytearray(tar(FILES, "w:gz"))
    content[-6] ^= 1
    with pytest.raises(InputError, match="archive x cannot be unpacked"):
        unpack(write_parts(tmp_path, bytes(content)), tmp_path / "out", "x")


@pytest.mark.parametrize("content", [b"<html>", tar({}), zipped({}), zipped({"d/": b""})])
def test_what_holds_no_file_is_no_archive(tmp_path, content):
    with pytest.raises(InputError, match="archive x cannot be unpacked"):
        unpack(write_parts(tmp_path, content), tmp_path / "out", "x")


def test_parts_in_a_wrong_order_are_told(tmp_path):
    for kind, make in KINDS.items():
        first, *others = write_parts(tmp_path, make(), 3)
        with pytest.raises(InputError, match="in order"):
            unpack([*others, first], tmp_path / f"out {kind}", "x")


def test_an_encrypted_zip_is_told(tmp_path):
    content = bytearray(zipped({"x": b"1"}))
    content[content.index(b"PK\1\2") + 8] |= 1
    with pytest.raises(InputError, match="is encrypted"):
        unpack(write_parts(tmp_path, bytes(content)), tmp_path / "out", "x")


@pytest.mark.parametrize("date", [b"\0\0", b"\xe3\x29"], ids=["none", "month 15"])
def test_a_zip_without_a_possible_date_is_unpacked(tmp_path, date):
    content = zipped({"x": b"1"}).replace(b"\x29\x2b", date)
    unpack(write_parts(tmp_path, content), tmp_path / "out", "x")


def make_tree(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def test_trees_of_several_archives_come_together(tmp_path):
    old = make_tree(tmp_path / "root", {"main/1/a": "1", "main/1/b": "2"})
    new = make_tree(tmp_path / "new", {"main/1/b": "2", "main/1/c": "3", "main/2/a": "4"})
    place(new, old)
    assert read_files(old) == {
        "main/1/a": b"1",
        "main/1/b": b"2",
        "main/1/c": b"3",
        "main/2/a": b"4",
    }
    assert not new.exists()


def test_other_files_are_not_overwritten(tmp_path):
    old = make_tree(tmp_path / "root", {"main/1/b": "mine"})
    new = make_tree(tmp_path / "new", {"main/1/a": "1", "main/1/b": "2"})
    with pytest.raises(InputError, match="main/1/b exists and differs"):
        place(new, old)
    assert read_files(old) == {"main/1/b": b"mine"}
    assert len(read_files(new)) == 2
    (old / "main" / "1" / "b").unlink()
    place(new, old)
    assert read_files(old) == {"main/1/a": b"1", "main/1/b": b"2"}


@pytest.mark.parametrize("in_the_way", ["file", "folder", "link"])
def test_what_is_in_the_way_is_told(tmp_path, in_the_way):
    new = make_tree(tmp_path / "new", {"a": "1", "b/c": "2"})
    if in_the_way == "file":
        make_tree(tmp_path / "root", {"b": "x"})
    elif in_the_way == "folder":
        make_tree(tmp_path / "root", {"a/x": "x"})
    else:
        (tmp_path / "root").mkdir()
        (tmp_path / "root" / "b").symlink_to(tmp_path)
    with pytest.raises(InputError, match="exists and differs"):
        place(new, tmp_path / "root")
    assert len(read_files(new)) == 2
