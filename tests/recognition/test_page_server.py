"""The page's server: it answers this machine's own page alone, and opens and ends cleanly."""

import os
import signal
import socket
import subprocess
import sys

import pytest
import requests
from page_client import OWN

from mavsr import cli
from mavsr.errors import InputError
from mavsr.page.serve import listening


def test_only_this_machines_own_page_is_answered(client, place):
    content = (place / "one.mp4").read_bytes()
    token = client.send(content)["token"]
    plain = requests.post(f"{client.address}/recordings?name=a.mp4", data=content, timeout=20)
    assert plain.status_code == 400 and "from the page alone" in plain.json()["error"]
    odd = requests.get(client.address, headers={"Host": "elsewhere.example"}, timeout=20)
    assert odd.status_code == 400
    policy = requests.get(client.address, timeout=20).headers["content-security-policy"]
    assert "default-src 'none'" in policy and "http" not in policy
    for guess in ("upload.mp4", "..%2f..%2fetc%2fpasswd", token[:-1], f"{token}/upload.mp4"):
        found = requests.get(f"{client.address}/recordings/{guess}/video", timeout=20)
        assert found.status_code in (400, 404), guess
    video = requests.get(
        f"{client.address}/recordings/{token}/video", headers={"Range": "bytes=0-99"}, timeout=20
    )
    assert (video.status_code, video.content) == (206, content[:100])
    assert len(token) >= 24
    address = client.address.split("//")[1].split(":")
    with socket.socket() as other, pytest.raises(OSError):
        other.settimeout(1)
        other.connect((socket.gethostbyname(socket.gethostname()), int(address[1])))
        if socket.gethostbyname(socket.gethostname()).startswith("127."):
            raise OSError


@pytest.mark.parametrize(
    ("name", "kind"), [("a.mp4", "video/mp4"), ("a.html", None), ("a.js", None), ("a.svg", None)]
)
def test_no_upload_is_a_page_of_this_server(client, name, kind):
    token = client.send(b"<script>alert(1)</script>", name)["token"]
    answer = requests.get(f"{client.address}/recordings/{token}/video", timeout=20)
    assert answer.headers["content-type"] == (kind or "application/octet-stream")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_quietly_and_leaves_nothing(train, place, tmp_path, ended_by):
    (tmp_path / "tmp").mkdir()
    command = [sys.executable, "-m", "mavsr", "serve", str(train()), "--port", "0"]
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        address = server.stdout.readline().split()[0]
        content = (place / "one.mp4").read_bytes()
        sent = requests.post(f"{address}/recordings", data=content, headers=OWN, timeout=60)
        assert sent.json()["token"]
        assert [*(tmp_path / "tmp").glob("mavsr-page-*/*/upload*")]
        server.send_signal(ended_by)
        _, told = server.communicate(timeout=60)
    assert server.returncode == 0 and "Traceback" not in told
    assert not [*(tmp_path / "tmp").glob("mavsr-page-*")]


def test_a_model_whose_encoder_is_gone_is_said_before_the_page_opens(
    train, place, tmp_path, capsys, monkeypatch
):
    model = train()
    (place / "v.pt").rename(place / "gone.pt")
    try:
        with pytest.raises(SystemExit) as stopped:
            cli.main(["serve", str(model), "--port", "0"])
    finally:
        (place / "gone.pt").rename(place / "v.pt")
    said = capsys.readouterr()
    assert stopped.value.code == 2 and "v.pt" in said.err and not said.out


@pytest.mark.parametrize("port", [-1, 65_536, 99_999])
def test_a_number_that_no_port_has_is_said(port):
    with pytest.raises(InputError, match=f"--port {port}: ports are numbered up to 65535"):
        listening(port)


def test_a_taken_port_is_said():
    with listening(0) as first, pytest.raises(InputError, match="choose another with --port"):
        listening(first.getsockname()[1])
