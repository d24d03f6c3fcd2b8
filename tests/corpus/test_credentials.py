"""User names and passwords open a site, and are seen nowhere."""

from pathlib import Path

import pytest
from downloads import ACCOUNT, SECRET, TREE, hidden, run_get, start, tree
from processes import wait_until
from web_server import serve

from mavsr.corpus.download.credentials import find_credentials, variables
from mavsr.corpus.download.settings import RemoteFile
from mavsr.errors import InputError


@pytest.fixture
def locked(site):
    site.account = ("ann@uni", SECRET)
    return site


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
