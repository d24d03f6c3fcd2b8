import hashlib
import logging
import random
import threading

import pytest
from web_server import serve

from mavsr.corpus.download import transfer
from mavsr.corpus.download.fetch import Patience, fetch
from mavsr.corpus.download.partial import PartialFile
from mavsr.corpus.download.settings import RemoteFile
from mavsr.corpus.download.transfer import StoppedError
from mavsr.errors import InputError

CONTENT = random.Random(0).randbytes(300_000)
SUM = hashlib.sha256(CONTENT).hexdigest()
QUICK = Patience(tries=3, first_wait_s=0, longest_wait_s=0.01, timeout_s=5)
PATH = "/data/a b é.zip"


@pytest.fixture
def site():
    with serve(files={PATH: CONTENT}) as running:
        yield running


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)


def get(site, folder, path=PATH, sha256=None, **options):
    return fetch(RemoteFile(site.url(path), sha256), folder, "lrs3", QUICK, **options)


def partial(site, folder, path=PATH):
    return PartialFile(RemoteFile(site.url(path)), folder)


def test_a_file_comes_whole_and_is_recorded(site, tmp_path):
    path, record = get(site, tmp_path / "to here", sha256=SUM.upper())
    assert path.read_bytes() == CONTENT
    assert record["bytes"] == len(CONTENT)
    assert record["sha256"] == SUM
    assert record["url"] == site.url(PATH)
    assert record["etag"].strip('"') == hashlib.md5(CONTENT).hexdigest()
    assert sorted(f.suffix for f in path.parent.iterdir()) == [".json", ".zip"]


def test_what_is_there_is_not_asked_for_again(site, tmp_path):
    first = get(site, tmp_path)
    assert get(site, tmp_path) == first
    assert get(site, tmp_path, sha256=SUM) == first
    assert len(site.asked) == 1


def test_bytes_are_counted(site, tmp_path):
    site.faults[PATH] = [("drop", 100_000), ("whole",)]
    counts = []
    get(site, tmp_path, on_bytes=counts.append)
    assert sum(counts) == len(CONTENT)
    assert min(counts) < 0
    counts.clear()
    get(site, tmp_path, on_bytes=counts.append)
    assert sum(counts) == len(CONTENT)


def test_dropped_connections_are_continued_where_they_broke(site, tmp_path):
    site.faults[PATH] = [("drop", 90_000)] * 3
    path, _ = get(site, tmp_path)
    assert path.read_bytes() == CONTENT
    assert site.sent() == len(CONTENT)
    assert [a.status for a in site.asked] == [200, 206, 206, 206]
    assert site.asked[1].headers["If-Range"].startswith('"')


def test_an_unfinished_file_is_continued_by_the_next_run(site, tmp_path):
    site.faults[PATH] = [("drop", 200_000), *[("drop", 0)] * 3]
    with pytest.raises(InputError, match=r"could not be fetched.*3 times in a row.*what came is"):
        get(site, tmp_path)
    assert partial(site, tmp_path).size() == 200_000
    path, _ = get(site, tmp_path, sha256=SUM)
    assert path.read_bytes() == CONTENT
    assert site.sent() == len(CONTENT)


def test_all_bytes_of_a_killed_run_are_taken_without_a_request(site, tmp_path):
    state = partial(site, tmp_path)
    state.begin(transfer.Validators(total=len(CONTENT)))
    state.part.write_bytes(CONTENT)
    assert get(site, tmp_path)[0].read_bytes() == CONTENT
    assert not site.asked


@pytest.mark.parametrize("code", [503, 429, 500])
def test_a_busy_server_is_given_the_time_it_asks_for(site, tmp_path, caplog, code):
    caplog.set_level(logging.INFO)
    site.faults[PATH] = [("status", code, {"Retry-After": "0"})]
    get(site, tmp_path)
    assert f"answered {code}; next try in 0 s" in caplog.text


def test_but_not_more_than_is_sensible(site, tmp_path):
    waits = []

    class Clock(threading.Event):
        def wait(self, timeout=None):
            waits.append(timeout)
            return False

    soon = "Fri, 01 Jan 2100 00:00:00 GMT"
    answers = [{"Retry-After": "7"}, {"Retry-After": "86400"}, {"Retry-After": soon}, {}, {}]
    answers += [{"Retry-After": "when ready"}]
    site.faults[PATH] = [("status", 503, headers) for headers in answers]
    patience = Patience(tries=7, first_wait_s=1, longest_wait_s=20)
    fetch(RemoteFile(site.url(PATH)), tmp_path, "lrs3", patience, Clock())
    assert waits == [7, 20, 20, 8, 16, 20]


def test_a_server_that_stays_busy_is_given_up(site, tmp_path):
    site.faults[PATH] = [("status", 503, {})] * 9
    with pytest.raises(InputError, match=r"127.0.0.1 answered 503"):
        get(site, tmp_path)
    assert len(site.asked) == 3


def test_a_server_that_is_not_there_is_named(tmp_path):
    file = RemoteFile("http://127.0.0.1:9/x.zip?token=hidden")
    with pytest.raises(InputError, match=r":9/x.zip could .*Connection refused") as caught:
        fetch(file, tmp_path, "lrs3", QUICK)
    assert "hidden" not in str(caught.value)


def test_progress_renews_the_patience(site, tmp_path):
    site.faults[PATH] = [("drop", 20_000), ("status", 503, {})] * 4
    assert get(site, tmp_path)[0].read_bytes() == CONTENT


def test_a_server_that_cannot_resume_begins_anew(site, tmp_path):
    site.faults[PATH] = [("drop", 90_000), ("whole",)]
    assert get(site, tmp_path, sha256=SUM)[0].read_bytes() == CONTENT
    assert site.asked[1].headers["Range"] == "bytes=90000-"
    assert [a.status for a in site.asked] == [200, 200]


@pytest.mark.parametrize("versioned", [True, False])
def test_a_file_that_changed_meanwhile_begins_anew(site, tmp_path, versioned):
    site.versioned = versioned
    site.faults[PATH] = [("drop", 90_000), *[("drop", 0)] * 3]
    with pytest.raises(InputError):
        get(site, tmp_path)
    # Without an ETag only the length can tell.
    site.files[PATH] = other = CONTENT[::-1] + b"more"
    assert get(site, tmp_path)[0].read_bytes() == other


def test_a_stale_part_begins_anew(site, tmp_path):
    site.versioned = False
    state = partial(site, tmp_path)
    state.begin(transfer.Validators())
    state.part.write_bytes(CONTENT + b"of an older and longer file")
    assert get(site, tmp_path)[0].read_bytes() == CONTENT
    assert [a.status for a in site.asked] == [416, 200]


def test_a_file_without_a_length_is_fetched(site, tmp_path):
    site.sized = False
    assert get(site, tmp_path)[0].read_bytes() == CONTENT
    # All bytes were there, but the run was killed before it knew.
    site.asked.clear()
    state = partial(site, tmp_path / "again")
    state.part.parent.mkdir()
    state.begin(transfer.Validators(etag=f'"{hashlib.md5(CONTENT).hexdigest()}"'))
    state.part.write_bytes(CONTENT)
    assert get(site, tmp_path / "again")[0].read_bytes() == CONTENT
    assert [a.status for a in site.asked] == [416]


def test_an_empty_file_is_a_file(site, tmp_path):
    site.files["/empty"] = b""
    assert get(site, tmp_path, "/empty")[0].read_bytes() == b""


def test_wrong_bytes_are_set_aside_and_fetched_anew(site, tmp_path):
    site.faults[PATH] = [("wrong",)]
    with pytest.raises(InputError) as caught:
        get(site, tmp_path, sha256=SUM)
    bad = partial(site, tmp_path).rejected
    wrong = hashlib.sha256(bad.read_bytes()).hexdigest()
    for named in (site.url(PATH), SUM, wrong, str(bad), "Run again"):
        assert named in str(caught.value)
    assert get(site, tmp_path, sha256=SUM)[0].read_bytes() == CONTENT
    assert site.asked[1].headers.get("Range") is None


def test_a_sum_that_was_given_later_is_checked(site, tmp_path):
    get(site, tmp_path)
    with pytest.raises(InputError, match=f"has the SHA-256 {SUM}, but the config says {'0' * 64}"):
        get(site, tmp_path, sha256="0" * 64)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (("status", 404, {}), r"/data/.*zip does not exist \(status 404\)"),
        (("status", 410, {}), "does not exist"),
        (("status", 400, {}), "127.0.0.1 answered 400"),
        (("status", 416, {}), "127.0.0.1 answered 416"),
        (("status", 301, {"Location": "ftp://127.0.0.1/x"}), "cannot be asked for"),
        (("page",), r"gave a web page.*MAVSR_LRS3_USERNAME"),
    ],
)
def test_what_will_not_get_better_is_told_at_once(site, tmp_path, fault, message):
    site.faults[PATH] = [fault]
    with pytest.raises(InputError, match=message):
        get(site, tmp_path)
    assert len(site.asked) == 1
    assert get(site, tmp_path)[0].read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("place", "message"),
    [("/data/a%20b%20%C3%A9.zip", "TooManyRedirects"), ("/\xe9", "UnicodeDecodeError")],
)
def test_a_redirect_to_nowhere_is_told(site, tmp_path, place, message):
    site.faults[PATH] = [("status", 302, {"Location": place})] * 40
    with pytest.raises(InputError, match=message):
        get(site, tmp_path)


def test_a_full_disk_is_no_reason_to_try_again(site, tmp_path, monkeypatch):
    begin = PartialFile.begin

    def begin_full(self, validators):
        begin(self, validators)
        self.part.symlink_to("/dev/full")

    monkeypatch.setattr(PartialFile, "begin", begin_full)
    with pytest.raises(OSError, match="No space left"):
        get(site, tmp_path)
    assert len(site.asked) == 1


def test_a_stopped_transfer_keeps_what_came(site, tmp_path):
    stop = threading.Event()
    site.faults[PATH] = [("hold", 200_000)]

    def on_bytes(count):
        if partial(site, tmp_path).size() >= 65_536:
            stop.set()
            site.go_on.set()

    with pytest.raises(StoppedError):
        get(site, tmp_path, stop=stop, on_bytes=on_bytes)
    assert 65_536 <= partial(site, tmp_path).size() < len(CONTENT)
    assert get(site, tmp_path, sha256=SUM)[0].read_bytes() == CONTENT
    assert site.sent() < 2 * len(CONTENT)


@pytest.mark.parametrize("setting", [{"tries": 0}, {"first_wait_s": 500}, {"timeout_s": 0}])
def test_patience_is_checked(setting):
    with pytest.raises(InputError, match=next(iter(setting))):
        Patience(**setting)
