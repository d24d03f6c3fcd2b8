"""The download command against a real web server: what comes, is kept, and is refused."""

import json

import pytest
from archives import zipped
from downloads import PRETRAIN, QUICK, TEST, TREE, run_get, settings_for, tree

from mavsr.corpus.download.get import get
from mavsr.corpus.download.get_file import get_file
from mavsr.corpus.download.settings import Archive, DownloadSettings, RemoteFile
from mavsr.errors import InputError


def test_archives_and_parts_become_one_tree(site, root):
    listing = run_get(site, root)
    assert tree(root) == TREE
    assert site.sent() == sum(map(len, site.files.values()))
    first, second, _ = listing["archives"]
    assert [part["url"] for part in first["parts"]] == [
        site.url(f"/lrs 3/pretrain_parta{c}") for c in "abcd"
    ]
    assert (first["files"], first["bytes"]) == (5, 1_000_000)
    assert first["parts"][0]["bytes"] == 300_000
    assert len(second["parts"][0]["sha256"]) == 64
    assert second["top"] == ["trainval"]


def test_nothing_is_fetched_twice(site, root):
    first = run_get(site, root)
    site.asked.clear()
    assert run_get(site, root, parallel=1) == first
    assert not site.asked


@pytest.mark.parametrize("keep", [True, False])
def test_archives_are_kept_or_not(site, root, keep):
    run_get(site, root, keep_archives=keep)
    assert any((root / ".download").rglob("*test.zip")) == keep
    site.asked.clear()
    run_get(site, root, keep_archives=keep)
    assert not site.asked
    (root / "test" / "t1" / "00001.mp4").unlink()
    (root / "test" / "t1" / "00001.txt").unlink()
    (root / "test" / "t1").rmdir()
    (root / "test").rmdir()
    run_get(site, root, keep_archives=keep)
    assert tree(root) == TREE
    assert [a.path for a in site.asked] == ([] if keep else ["/lrs 3/test.zip"])


def test_another_folder_below_the_root(site, root):
    archives = (Archive((RemoteFile(site.url("/lrs 3/test.zip")),), "ex tra/é"),)
    get("lrs3", root, root.parent / "tree.json", DownloadSettings(archives), QUICK)
    assert tree(root) == {f"ex tra/é/{name}": content for name, content in TEST.items()}


def test_files_that_are_no_archive_are_put_into_the_root(site, root):
    site.files = {"/lists/train 1.txt": b"1/00001\n", "/main.zip": zipped(TEST)}
    files = (RemoteFile(site.url("/lists/train 1.txt")),)
    settings = DownloadSettings((Archive((RemoteFile(site.url("/main.zip")),)),), files)
    for _ in range(2):
        get("lrs2", root, root.parent / "tree.json", settings, QUICK)
        assert tree(root) == {**TEST, "train 1.txt": b"1/00001\n"}
        assert len(site.asked) == 2
    record = json.loads((root.parent / "tree.json").read_text())["archives"][1]
    assert (record["top"], record["files"], record["bytes"]) == (["train 1.txt"], 1, 8)
    (root / "train 1.txt").write_text("mine")
    get("lrs2", root, root.parent / "tree.json", settings, QUICK)
    assert (root / "train 1.txt").read_text() == "mine"
    site.files["/other/train 1.txt"] = b"1/00001\n"
    other = DownloadSettings(files=(RemoteFile(site.url("/other/train 1.txt")),))
    with pytest.raises(InputError, match=r"train 1\.txt exists and differs"):
        get("lrs2", root, root.parent / "tree.json", other, QUICK)


def test_what_came_survives_a_failure(site, root):
    site.faults["/lrs 3/pretrain_partac"] = [("status", 404, {})]
    with pytest.raises(InputError, match="pretrain_partac does not exist"):
        run_get(site, root, parallel=1)
    assert not tree(root)
    run_get(site, root)
    assert tree(root) == TREE
    for name in ("pretrain_partaa", "pretrain_partab"):
        assert len(site.requests(f"/lrs 3/{name}")) == 1


def test_a_wrong_sum_names_the_part_and_the_next_run_mends_it(site, root):
    path = "/lrs 3/pretrain_partab"
    settings = settings_for(site)
    run_get(site, root)
    known = json.loads((root.parent / "tree.json").read_text())["archives"][0]["parts"]
    given = tuple(
        RemoteFile(p.url, k["sha256"])
        for p, k in zip(settings.archives[0].parts, known, strict=True)
    )
    checked = DownloadSettings((Archive(given),))
    site.asked.clear()
    site.faults[path] = [("wrong",)]
    other = root.parent / "other"
    with pytest.raises(InputError, match=r"pretrain_partab has the SHA-256 \w+, but the config"):
        get("lrs3", other, root.parent / "x.json", checked, QUICK)
    assert not (root.parent / "x.json").exists()
    get("lrs3", other, root.parent / "x.json", checked, QUICK)
    assert tree(other) == PRETRAIN
    assert len(site.requests(path)) == 2
    # The sums fit what is in place already.
    site.asked.clear()
    get("lrs3", root, root.parent / "y.json", checked, QUICK)
    assert not site.asked
    wrong = DownloadSettings((Archive((RemoteFile(given[0].url, "0" * 64), *given[1:])),))
    with pytest.raises(InputError, match=f"unpacked from a pretrain_partaa .*{known[0]['sha256']}"):
        get("lrs3", root, root.parent / "y.json", wrong, QUICK)


def test_a_damaged_archive_leaves_no_tree(site, root):
    site.files["/lrs 3/pretrain_partaa"] = site.files["/lrs 3/pretrain_partaa"][:-7]
    with pytest.raises(InputError, match=r"pretrain_partaa and 3 further parts cannot be unpacked"):
        run_get(site, root)
    assert not any("pretrain" in name for name in tree(root))
    assert not list((root / ".download").glob("*.ready*"))
    assert not list((root / ".download").glob(".*.partial"))


def test_a_copy_of_ones_own_is_not_touched(site, root):
    (root / "trainval").mkdir(parents=True)
    with pytest.raises(InputError, match="holds trainval, which was not downloaded"):
        run_get(site, root)
    assert [path.name for path in root.iterdir()] == ["trainval"]
    assert not site.asked


def test_an_archive_cannot_pose_as_the_record(site, root):
    for name in (".download/x", "downloads.json"):
        site.files = {"/x.zip": zipped({name: b"{}"})}
        with pytest.raises(InputError, match="do not trust it"):
            run_get(site, root)
        site.asked.clear()
        for file in (root / ".download" / "archives").iterdir():
            file.unlink()


def test_a_read_only_or_full_disk_is_told(site, root, monkeypatch):
    root.parent.mkdir(parents=True)
    root.write_text("a file")
    with pytest.raises(InputError, match=r"lrs3.*(File exists|Not a directory).*choose another"):
        run_get(site, root)
    root.unlink()
    begin = "mavsr.corpus.download.partial.PartialFile.begin"

    def begin_full(self, validators):
        self.part.unlink(missing_ok=True)
        self.part.symlink_to("/dev/full")

    monkeypatch.setattr(begin, begin_full)
    with pytest.raises(InputError, match=f"the disk that holds {root} is full"):
        run_get(site, root)


def test_a_single_file_comes_once(site, tmp_path):
    path = "/lrs 3/test.zip"
    output, listing = tmp_path / "to" / "test.zip", tmp_path / "to" / "test.zip.json"
    site.faults[path] = [("drop", 7_000)]
    for _ in range(2):
        get_file(RemoteFile(site.url(path)), "babble", output, listing, QUICK)
        assert output.read_bytes() == site.files[path]
        assert json.loads(listing.read_text())["bytes"] == len(site.files[path])
        output.unlink()
    assert site.sent() == len(site.files[path])
