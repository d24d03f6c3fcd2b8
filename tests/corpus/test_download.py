"""The whole download command against a real web server."""

import base64
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from test_unpack import read, tar, zipped
from web_server import serve

from mavsr.corpus.download.credentials import find_credentials, variables
from mavsr.corpus.download.fetch import Patience
from mavsr.corpus.download.get import get
from mavsr.corpus.download.get_file import get_file
from mavsr.corpus.download.settings import Archive, DownloadSettings, RemoteFile, redacted, shown
from mavsr.errors import InputError

QUICK = Patience(tries=3, first_wait_s=0, longest_wait_s=0.01, timeout_s=5)
SECRET = "käse&word:9"
PRETRAIN = {f"pretrain/s{n}/00001.mp4": random.Random(n).randbytes(200_000) for n in range(5)}
TRAINVAL = {"trainval/s1/00001.txt": b"Text:  ONE\n", "trainval/s1/00001.mp4": b"1" * 9_000}
TEST = {"test/t1/00001.txt": b"Text:  TWO\n", "test/t1/00001.mp4": b"2" * 9_000}
TREE = {**PRETRAIN, **TRAINVAL, **TEST}


@pytest.fixture
def site():
    whole = tar(PRETRAIN)
    parts = {
        f"/lrs 3/pretrain_parta{c}": whole[n * 300_000 :][:300_000] for n, c in enumerate("abcd")
    }
    with serve(
        files={**parts, "/lrs 3/trainval.zip": zipped(TRAINVAL), "/lrs 3/test.zip": zipped(TEST)}
    ) as running:
        yield running


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "da ta é" / "lrs3"


def settings_for(site, **options):
    """All files of the site: the parts as one archive, each zip file as another."""
    parts = [path for path in site.files if "part" in path]
    groups = [*([parts] if parts else []), *([p] for p in site.files if p not in parts)]
    archives = tuple(
        Archive(tuple(RemoteFile(site.url(path)) for path in group)) for group in groups
    )
    return DownloadSettings(archives, **options)


def run_get(site, root, **options):
    listing = root.parent / "tree.json"
    get("lrs3", root, listing, settings_for(site, **options), QUICK)
    return json.loads(listing.read_text())


def tree(root):
    """What readers of the corpus see: the work folder is hidden, the record is no clip."""
    return {
        name: content
        for name, content in read(root).items()
        if not name.startswith(".") and name != "downloads.json"
    }


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


def test_two_commands_do_not_share_a_root(site, root):
    path = "/lrs 3/pretrain_partaa"
    site.faults[path] = [("hold", 10_000)]
    process = start(site, root)
    wait_until(lambda: site.sent(path), process)
    with pytest.raises(InputError, match="another download into"):
        run_get(site, root)
    site.go_on.set()
    process.communicate(timeout=60)
    assert process.returncode == 0


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


def start(site, root, environment=None, **options):
    """The command as a process of its own."""
    arguments = {
        "corpus": "lrs3",
        "root": root,
        "listing": root.parent / "tree.json",
        "settings": json.dumps(asdict(settings_for(site, **options))),
        "patience": json.dumps(asdict(QUICK)),
    }
    command = [sys.executable, "-m", "mavsr.corpus.download.get"]
    for name, value in arguments.items():
        command += [f"--{name}", str(value)]
    return subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_until(condition, process):
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)


def test_a_killed_download_goes_on_where_it_was(site, root):
    held = {"/lrs 3/pretrain_partab": 200_000, "/lrs 3/pretrain_partad": 70_000}
    site.faults = {path: [("hold", count)] for path, count in held.items()}
    process = start(site, root, parallel=3)
    parts = root / ".download" / "archives"

    def is_held():
        complete = list(parts.glob("[!.]*[!tn]"))  # neither .part nor .json
        sizes = [path.stat().st_size for path in parts.glob("*.part")]
        return len(complete) == 4 and len(sizes) == 2 and min(sizes) > 60_000

    wait_until(is_held, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = [path.stat().st_size for path in parts.glob("*.part")]
    assert len(kept) == 2 and min(kept) > 60_000
    complete = [p for p in site.files if p not in held]
    assert not (root.parent / "tree.json").exists()
    site.go_on.set()
    site.asked.clear()
    again = start(site, root, parallel=3)
    output = again.communicate(timeout=60)[0]
    assert again.returncode == 0, output
    assert tree(root) == TREE
    assert not [a for a in site.asked if a.path in complete]
    assert site.sent() == sum(len(site.files[p]) for p in held) - sum(kept)
    assert "bytes are there already" in output


@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("os", "utime"),  # a file was unpacked
        ("mavsr.corpus.download.place", "place"),  # all were
        ("shutil", "rmtree"),  # all are in place
        ("mavsr.files", "write_json"),  # a file has begun
    ],
)
def test_a_command_that_dies_anywhere_is_taken_up_again(site, root, module, function):
    process = start(site, root, parallel=1)
    process.kill()
    process.communicate()
    # Ends like kill -9, without any cleaning up, but at a chosen moment.
    script = f"""if True:
        import os, runpy, {module} as module
        module.{function} = lambda *arguments: os._exit(9)
        runpy.run_module("mavsr.corpus.download.get", run_name="__main__")"""
    died = subprocess.run([sys.executable, "-c", script, *process.args[3:]], capture_output=True)
    assert died.returncode == 9, died.stderr
    assert not (root.parent / "tree.json").exists()
    archives = root / ".download" / "archives"
    complete = {path.name.partition("-")[2] for path in archives.glob("[!.]*[!tn]")}
    assert "pretrain_partad" in complete or function == "write_json"
    site.asked.clear()
    run_get(site, root)
    assert tree(root) == TREE
    assert not {a.path.rpartition("/")[2] for a in site.asked} & complete
    assert not [*(root / ".download").glob("*.ready*"), *(root / ".download").glob(".*.partial")]


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


# Credentials


@pytest.fixture
def locked(site):
    site.account = ("ann@uni", SECRET)
    return site


ACCOUNT = {"MAVSR_LRS3_USERNAME": "ann@uni", "MAVSR_LRS3_PASSWORD": SECRET}


def hidden(text):
    """Whether neither password nor its encoded form is in ``text``."""
    encoded = base64.b64encode(f"ann@uni:{SECRET}".encode()).decode()
    return not any(word in text for word in (SECRET, SECRET[:4], SECRET[-5:], encoded))


def everything(folder):
    return "".join(
        f"{path} {path.read_bytes().decode('utf-8', 'replace')}"
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".netrc"
    )


def write_netrc(folder, text, mode=0o600):
    path = folder / ".netrc"
    path.write_text(text)
    path.chmod(mode)


@pytest.mark.parametrize("source", ["environment", "netrc"])
def test_credentials_open_the_site_and_are_seen_nowhere(locked, root, tmp_path, source):
    path = "/lrs 3/pretrain_partaa"
    locked.faults[path] = [("status", 503, {}), ("drop", 500), ("hold", 10)]
    if source == "netrc":
        write_netrc(tmp_path, f"machine 127.0.0.1 login ann@uni password {SECRET}\n")
    process = start(locked, root, ACCOUNT if source == "environment" else None)
    wait_until(lambda: len(locked.requests(path)) == 3, process)
    command_line = Path(f"/proc/{process.pid}/cmdline").read_text()
    locked.go_on.set()
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 0, output
    assert tree(root) == TREE
    assert "answered 503" in output
    assert hidden(command_line + output + everything(tmp_path))


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "none are given; set MAVSR_LRS3_USERNAME and MAVSR_LRS3_PASSWORD in the environment"),
        ({}, "'machine 127.0.0.1 login NAME password WORD' to ~/.netrc"),
        ({**ACCOUNT, "MAVSR_LRS3_USERNAME": "bob"}, "MAVSR_LRS3_PASSWORD are refused"),
        ({"MAVSR_LRS3_PASSWORD": SECRET}, "is set but MAVSR_LRS3_USERNAME is not"),
        ({"MAVSR_LRS2_USERNAME": "ann@uni", "MAVSR_LRS2_PASSWORD": SECRET}, "none are given"),
    ],
)
def test_a_locked_site_says_what_to_set(locked, root, tmp_path, environment, message):
    process = start(locked, root, environment)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 2
    assert message in output
    assert "Traceback" not in output
    assert hidden(output + everything(tmp_path))


def test_a_forbidden_file_says_whose_credentials_were_refused(site, root, monkeypatch):
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)
    site.faults["/lrs 3/test.zip"] = [("status", 403, {})]
    with pytest.raises(InputError, match=r"status 403\): those from MAVSR_LRS3_U.*are refused"):
        run_get(site, root)


@pytest.mark.parametrize(
    ("text", "mode", "message"),
    [
        (f"machine 127.0.0.1 login ann@uni passwort {SECRET}\n", 0o600, "cannot be used (line 1"),
        (f"machine 127.0.0.1 login ann@uni password {SECRET}\n", 0o644, "its permissions"),
        (f"{SECRET}\n", 0o600, "cannot be used"),
    ],
)
def test_a_bad_netrc_is_told_without_its_content(locked, root, tmp_path, text, mode, message):
    write_netrc(tmp_path, text, mode)
    process = start(locked, root)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 2
    assert message in output
    assert hidden(output)


def test_another_host_gets_no_credentials(locked, root, monkeypatch):
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)
    path = "/lrs 3/test.zip"
    with serve(files={path: locked.files[path]}) as mirror:
        elsewhere = ("status", 302, {"Location": mirror.url(path, "localhost")})
        locked.faults[path] = [elsewhere]
        run_get(locked, root)
        assert tree(root) == TREE
        assert [a.headers.get("Authorization") for a in mirror.asked] == [None]
        assert locked.requests(path)[0].headers["Authorization"]
        locked.faults[path] = [elsewhere]
        mirror.account = ("other", "word")
        with pytest.raises(InputError, match=r"localhost wants .*127.0.0.1 leads there.*netrc"):
            run_get(locked, root.parent / "again")
        assert [a.headers.get("Authorization") for a in mirror.asked] == [None, None]


def test_variables_are_named_after_the_corpus():
    assert variables("lrs2.v-1") == ("MAVSR_LRS2_V_1_USERNAME", "MAVSR_LRS2_V_1_PASSWORD")


def test_a_password_in_the_clear_is_warned_of(monkeypatch, caplog):
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)
    found = find_credentials(RemoteFile("http://example.org/x"), "lrs3")
    assert "example.org gets its password unencrypted" in caplog.text
    assert hidden(repr(found) + caplog.text)
    caplog.clear()
    find_credentials(RemoteFile("https://example.org/x"), "lrs3")
    assert not caplog.text


# Settings


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (f"https://ann:{SECRET}@host/x.zip", "holds a user name or password"),
        ("https://ann@host/x.zip", "holds a user name or password"),
        (f"https://ann:a/b?c#{SECRET}@host/x.zip", "holds a user name or password"),
        ("https://host:port/x.zip", "cannot be read"),
        ("ftp://host/x.zip", "must begin with https"),
        ("/data/x.zip", "must begin with https"),
        ("https:///x.zip", "must begin with https"),
        ("https://host/", "names no file"),
        ("https://[host/x", "cannot be read"),
    ],
)
def test_urls_are_checked(url, message):
    with pytest.raises(InputError, match=message) as caught:
        RemoteFile(url)
    assert hidden(str(caught.value))


@pytest.mark.parametrize("sha256", ["", "0" * 63, "g" * 64])
def test_sums_are_checked(sha256):
    with pytest.raises(InputError, match="64 hexadecimal"):
        RemoteFile("https://host/x.zip", sha256)


def test_settings_are_checked():
    file = RemoteFile("https://host/x.zip?key=hidden")
    for settings, message in (
        (lambda: Archive(()), "at least one part"),
        (lambda: Archive((file,), "../x"), "below the corpus' root"),
        (lambda: Archive((file,), "/x"), "below the corpus' root"),
        (lambda: DownloadSettings(()), "archives is empty"),
        (lambda: DownloadSettings((Archive((file,)),), 0), "parallel is 0"),
        (lambda: DownloadSettings((Archive((file, file)),)), r"x.zip is listed 2 times"),
    ):
        with pytest.raises(InputError, match=message) as caught:
            settings()
        assert "hidden" not in str(caught.value)


def test_urls_are_shown_without_what_is_private():
    assert shown("https://a:b@host/x?y=z#w") == "https://…@host/x"
    assert shown("https://a:'b c@d@host/x") == "https://…@host/x"
    assert (
        redacted("{'url': 'https://a:b@c/x', 'y': 'z@w'}") == "{'url': 'https://…@c/x', 'y': 'z@w'}"
    )
    assert redacted("https://a:b@c@d/x or http://e@f") == "https://…@d/x or http://…@f"
