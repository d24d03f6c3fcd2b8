import hashlib
import json
import tarfile
import zlib

import pytest
import webdataset

from mavsr.errors import InputError
from mavsr.shards import CHECKSUMS, extents, read_shard, write_index, write_shard

SAMPLES = [
    ("a", {"flac": b"sound", "json": b"{}", "landmarks.npy": b"x" * 700}),
    ("b-1", {"flac": b"", "json": b'{"frames": 2}', "landmarks.npy": b"yy"}),
    ("b_2", {"json": b"3"}),
]


@pytest.fixture
def shard(tmp_path):
    path = tmp_path / "train" / "00000.tar"
    assert write_shard(path, iter(SAMPLES)) == 3
    return path


def test_what_is_written_is_read(shard):
    assert list(read_shard(shard)) == SAMPLES


def test_the_same_samples_give_the_same_bytes(shard, tmp_path):
    other = tmp_path / "other.tar"
    shuffled = ((key, dict(reversed(fields.items()))) for key, fields in SAMPLES)
    write_shard(other, shuffled)
    assert other.read_bytes() == shard.read_bytes()
    # Frozen, so that a change of the writer shows; the bytes are what downstream hashes stand for.
    assert hashlib.sha256(shard.read_bytes()).hexdigest() == (
        "bbd041d3c996b97136ab2538950cadf9342d088f6a6d4b0327b13d73cae6e808"
    )


def test_members_say_nothing_of_when_and_who(shard):
    with tarfile.open(shard) as tar:
        members = tar.getmembers()
    assert [m.name for m in members[:3]] == ["a.flac", "a.json", "a.landmarks.npy"]
    for member in members:
        assert (member.mtime, member.uid, member.gid) == (0, 0, 0)
        assert (member.uname, member.gname, member.mode) == ("mavsr", "mavsr", 0o644)


def test_webdataset_reads_it_and_sees_no_sample_more(shard):
    read = list(webdataset.WebDataset(str(shard), shardshuffle=False))
    assert [(s["__key__"], {k: v for k, v in s.items() if k[0] != "_"}) for s in read] == SAMPLES


def test_the_last_member_lists_the_others(shard):
    with tarfile.open(shard) as tar:
        *members, last = tar.getmembers()
        listed = json.load(tar.extractfile(last))
    assert last.name == CHECKSUMS
    assert sorted(listed) == sorted(member.name for member in members)
    assert listed["a.flac"] == zlib.crc32(b"sound")


def test_no_byte_of_a_content_or_list_changes_unseen(shard):
    whole = shard.read_bytes()
    for place in range(0, len(whole), 7):
        shard.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            assert list(read_shard(shard)) == SAMPLES  # a byte between two contents
        except InputError as error:
            assert str(shard) in str(error) and "snakemake" in str(error)


@pytest.mark.parametrize("place", range(0, 7168, 512))
def test_a_block_of_zeros_is_seen(shard, place):
    whole = shard.read_bytes()
    shard.write_bytes(whole[:place] + bytes(512) + whole[place + 512 :])
    with pytest.raises(InputError, match=f"shard {shard} "):
        list(read_shard(shard))


def test_samples_that_must_be_there_are_named(shard):
    assert len(list(read_shard(shard, ["a", "b-1", "b_2"]))) == 3
    with pytest.raises(InputError, match=r"it lacks 2 clips: c, d; it has 1 clip: b_2"):
        list(read_shard(shard, ["a", "b-1", "c", "d"]))


def test_a_shard_of_an_earlier_version_is_named(tmp_path):
    path = tmp_path / "00000.tar"
    with webdataset.TarWriter(str(path), encoder=False) as tar:
        tar.write({"__key__": "a", "json": b"{}"})
    with pytest.raises(InputError, match=f"before shards carried checksums.*mavsr seal {path}"):
        list(read_shard(path))


def test_other_tar_readers_understand_it(shard, tmp_path):
    with tarfile.open(shard) as tar:
        tar.extractall(tmp_path / "out", filter="data")
    assert (tmp_path / "out" / "a.landmarks.npy").read_bytes() == b"x" * 700


@pytest.mark.parametrize(
    "keys", [["b", "a"], ["a", "a"], ["a.b"], ["a/b"], [""], ["a", "b", "aa"], ["../a"]]
)
def test_keys_must_ascend_and_be_plain(tmp_path, keys):
    path = tmp_path / "00000.tar"
    with pytest.raises(InputError, match=r"00000.tar: key '") as caught:
        write_shard(path, ((key, {"json": b"1"}) for key in keys))
    assert repr(keys[-1]) in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_an_interrupted_write_leaves_nothing(tmp_path):
    def samples():
        yield SAMPLES[0]
        assert [p.suffix for p in tmp_path.iterdir()] == [".partial"]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_shard(tmp_path / "00000.tar", samples())
    assert not list(tmp_path.iterdir())


def test_a_failed_rewrite_keeps_the_old_shard(shard):
    before = shard.read_bytes()
    with pytest.raises(InputError):
        write_shard(shard, iter([("b", {"json": b"1"}), ("a", {"json": b"1"})]))
    assert shard.read_bytes() == before


def test_a_shard_may_be_empty(tmp_path):
    path = tmp_path / "00000.tar"
    assert write_shard(path, iter(())) == 0
    assert list(read_shard(path)) == []
    assert extents(path, "json") == {}


@pytest.mark.parametrize("extension", ["flac", "json", "landmarks.npy"])
def test_extents_point_at_the_content(shard, extension):
    content = shard.read_bytes()
    found = {
        key: content[extent.offset : extent.offset + extent.size]
        for key, extent in extents(shard, extension).items()
    }
    assert found == {key: f[extension] for key, f in SAMPLES if extension in f}


# Within headers and contents, and at the ends of members.
@pytest.mark.parametrize("size", [0, 1, 300, 512, 515, 1024, 1536, 2048, 3000, 3584, 5120, 7168])
@pytest.mark.parametrize("read", [lambda p: list(read_shard(p)), lambda p: extents(p, "json")])
def test_a_truncated_shard_is_named(shard, size, read):
    content = shard.read_bytes()
    assert size < len(content)
    shard.write_bytes(content[:size])
    with pytest.raises(InputError, match=f"shard {shard} is missing or damaged"):
        read(shard)


@pytest.mark.parametrize("content", [b"not a tar" * 200, b"\x1f\x8b" + b"x" * 2000])
def test_what_is_no_shard_is_named(tmp_path, content):
    path = tmp_path / "00000.tar"
    path.write_bytes(content)
    for read in (lambda: list(read_shard(path)), lambda: extents(path, "json")):
        with pytest.raises(InputError, match=r"00000.tar is missing or damaged"):
            read()


def test_a_foreign_tar_is_named(tmp_path):
    (tmp_path / "README").write_text("hello")
    path = tmp_path / "00000.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(tmp_path / "README", "README")
    for read in (lambda: list(read_shard(path)), lambda: extents(path, "json")):
        with pytest.raises(InputError, match=r"00000.tar is missing or damaged.*README"):
            read()


def test_a_missing_shard_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone.tar is missing or damaged"):
        list(read_shard(tmp_path / "gone.tar"))


def test_the_index_sums_up_the_shards(shard, monkeypatch):
    second = shard.with_name("00001.tar")
    write_shard(second, iter([("c", {"json": b"1"})]))
    path = shard.with_name("index.json")
    # Contents are read once, for the hash: a view of 433 hours has 160 GB.
    monkeypatch.delattr(tarfile.TarFile, "extractfile")
    write_index(path, [second, shard], {"seed": 0})
    index = json.loads(path.read_text())
    assert index["parameters"] == {"seed": 0}
    assert index["samples"] == 4
    assert index["bytes"] == sum(p.stat().st_size for p in (shard, second))
    assert [entry["file"] for entry in index["shards"]] == ["00000.tar", "00001.tar"]
    assert [entry["samples"] for entry in index["shards"]] == [3, 1]
    digest = hashlib.sha256(shard.read_bytes()).hexdigest()
    assert index["shards"][0]["sha256"] == digest
