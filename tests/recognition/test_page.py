"""The page's server: uploads are bounded, secret and removed; errors are sentences; it lives on."""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
import requests
from videos import write_mp4

import mavsr
from mavsr import cli
from mavsr.errors import InputError
from mavsr.media import decode_audio, encode_audio, read_audio
from mavsr.page import recording as recording_module
from mavsr.page import store as store_module
from mavsr.page.alter import Listening, babble
from mavsr.page.app import Page
from mavsr.page.recording import Recording
from mavsr.page.samples import samples
from mavsr.page.serve import listening, make_server
from mavsr.page.store import Store
from mavsr.page.work import Task, Worker
from mavsr.recognition.part import Part

OWN = {"X-Mavsr": "1"}


class Client:
    """A browser without a page."""

    def __init__(self, page, port):
        self.page, self.address = page, f"http://127.0.0.1:{port}"

    def ask(self, method, path, status=200, **given):
        answer = requests.request(method, self.address + path, headers=OWN, timeout=60, **given)
        assert answer.status_code == status, answer.text
        return answer.json()

    def send(self, content, name="talk.mp4", **given):
        return self.ask("POST", f"/recordings?name={name}", data=content, **given)

    def wait(self, token, query=""):
        while True:
            state = self.ask("GET", f"/recordings/{token}?{query}")
            if state["over"] or state["error"]:
                return state
            time.sleep(0.05)


@contextmanager
def served(model, most_bytes=2**20, offered=()):
    with Store(most_bytes) as store, Worker() as worker, listening(0) as listener:
        page = Page(model, store, worker, offered)
        server = make_server(page)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield Client(page, listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def client(train):
    with served(mavsr.load(train())) as found:
        yield found


def test_an_upload_is_read_at_every_rate(client, place):
    about = client.ask("GET", "/about")
    assert about["task"] == "avsr" and len(about["scales"]) == 4
    assert about["scales"][0]["tflops"] > about["scales"][-1]["tflops"]
    token = client.send((place / "three.mp4").read_bytes())["token"]
    state = client.wait(token)
    assert not state["error"] and state["count"] == 1
    assert abs(state["seconds"] - 2) < 0.2  # AAC fills its last block
    [segment] = state["segments"]
    model = client.page.model
    for scale in model.scales:
        text = model.transcribe(place / "three.mp4", scale)
        assert segment["scales"][scale.name]["text"] == text
    assert segment["crops"][0].startswith("data:image/jpeg;base64,")
    assert 0 < max(state["wave"]) <= 1
    assert not client.ask("GET", f"/recordings/{token}?after=1")["segments"]


def test_babble_and_switches_change_what_is_read(client, place):
    token = client.send((place / "three.mp4").read_bytes())["token"]
    first = client.wait(token)["segments"]
    # As loud as can be: what learned nothing hardly minds, and confidences have four digits.
    noisy = client.wait(token, "snr=-20")["segments"]
    deaf = client.wait(token, "hear=0")["segments"]
    blind = client.wait(token, "see=0")["segments"]
    assert [s[0]["heard"] for s in (first, noisy, deaf, blind)] == [True, True, False, True]
    assert [s[0]["seen"] for s in (first, noisy, deaf, blind)] == [True, True, True, False]
    sure = [
        tuple(one["confidence"] for one in s[0]["scales"].values())
        for s in (first, noisy, deaf, blind)
    ]
    assert len(set(sure)) == 4
    refused = client.ask("GET", f"/recordings/{token}?hear=0&see=0", status=400)
    assert "nothing is left to read" in refused["error"]
    wild = client.ask("GET", f"/recordings/{token}?snr=inf", status=400)
    assert "can be mixed" in wild["error"]
    assert "must be numbers" in client.ask("GET", f"/recordings/{token}?snr=x", status=400)["error"]


def test_babble_has_the_ratio_that_is_asked_for():
    draw = np.random.default_rng(0)
    speech = draw.normal(0, 0.05, 32_000).astype(np.float32)
    part = Part({"flac": encode_audio(speech)})
    mixed = decode_audio(Listening(5.0).of(part, "key").fields["flac"])
    noise = mixed - decode_audio(part.fields["flac"])
    ratio = 10 * np.log10((speech**2).sum() / (noise**2).sum())
    assert abs(ratio - 5) < 0.1
    assert Listening().of(part, "key").fields == part.fields
    assert np.abs(babble()).max() == pytest.approx(1)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("text", "talk.mp4: cannot be read as a video or audio file"),
        ("no audio", "no audio track"),
        ("no face", "no face"),
        ("no speech", "nobody speaks in it"),
        ("silent", "silent"),
        ("hours", "talk.mp4 lasts 3.0 hours; this page takes up to 10 minutes"),
        ("empty", "the file is empty"),
        ("large", "the file is larger than 1 MB"),
    ],
)
def test_what_cannot_be_read_is_said_and_the_server_lives_on(
    client, place, tmp_path, monkeypatch, kind, told
):
    draw, path = np.random.default_rng(0), tmp_path / "talk.mp4"
    grey = np.full((100, 64, 64, 3), 90, np.uint8)
    noise = draw.normal(0, 0.01, 64_000).astype(np.float32)
    if kind in ("text", "empty", "large"):
        path.write_bytes({"text": b"just words " * 90, "empty": b"", "large": bytes(2**21)}[kind])
    elif kind == "no audio":
        write_mp4(path, grey[:50])
    elif kind in ("no face", "no speech", "silent"):
        frames = 50 if kind == "no face" else 100
        sound = noise[: 640 * frames] * (kind != "silent")
        write_mp4(path, grey[:frames], sound)
    else:
        path.write_bytes((place / "one.mp4").read_bytes())
        monkeypatch.setattr(recording_module, "length_s", lambda path: 3 * 3600.0)
    if kind in ("empty", "large"):
        said = client.send(path.read_bytes(), status=400)["error"]
    else:
        token = client.send(path.read_bytes())["token"]
        state = client.wait(token)
        said = state["error"] + "".join(
            remark for segment in state["segments"] for remark in segment["remarks"]
        )
    assert told in said
    assert "/" not in said.replace("and/or", ""), "people's files have no place on this machine"
    monkeypatch.undo()
    assert not client.wait(client.send((place / "one.mp4").read_bytes())["token"])["error"]


def test_a_stated_length_is_believed_before_anything_is_read(client):
    with socket.create_connection(("127.0.0.1", int(client.address.split(":")[-1]))) as line:
        line.sendall(
            b"POST /recordings?name=a.mp4 HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Mavsr: 1\r\n"
            b"Content-Length: 99999999999\r\n\r\n"
        )
        line.settimeout(20)
        assert b"400" in line.recv(4096).split(b"\r\n")[0]


def within_seconds(holds):
    """Whether something comes to hold; the server works on a thread of its own."""
    for _ in range(400):
        if holds():
            return True
        time.sleep(0.05)
    return False


def test_a_broken_upload_leaves_nothing(client, place):
    with socket.create_connection(("127.0.0.1", int(client.address.split(":")[-1]))) as line:
        line.sendall(
            b"POST /recordings?name=a.mp4 HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Mavsr: 1\r\n"
            b"Content-Length: 5000\r\n\r\nhalf of it"
        )
        assert within_seconds(lambda: any(client.page.store.folder.iterdir()))
    assert within_seconds(lambda: not any(client.page.store.folder.iterdir()))
    assert not client.page.recordings
    assert not client.wait(client.send((place / "one.mp4").read_bytes())["token"])["error"]


def test_a_full_disk_is_said(client, place, monkeypatch):
    def full(path, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(recording_module.Path, "write_bytes", full)
    token = client.send((place / "one.mp4").read_bytes())["token"]
    assert "disk of this computer is full" in client.wait(token)["error"]
    monkeypatch.undo()

    class Full:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def write(self, content):
            raise OSError(errno.ENOSPC, "No space left on device")

    opened = store_module.Path.open

    def open_full(self, mode="r", *given, **named):
        uploading = mode == "wb" and self.name.startswith("upload")
        return Full() if uploading else opened(self, mode, *given, **named)

    monkeypatch.setattr(store_module.Path, "open", open_full)
    refused = client.send((place / "one.mp4").read_bytes(), status=507)
    assert "disk of this computer is full" in refused["error"]
    monkeypatch.undo()
    assert not client.wait(client.send((place / "one.mp4").read_bytes())["token"])["error"]


def test_two_people_at_once_get_their_own(client, place):
    files = {name: (place / f"{name}.mp4").read_bytes() for name in ("one", "three")}
    found = {}

    def use(name):
        found[name] = client.wait(client.send(files[name])["token"])

    users = [threading.Thread(target=use, args=[name]) for name in files]
    for user in users:
        user.start()
    for user in users:
        user.join()
    for name in files:
        [segment] = found[name]["segments"]
        expected = client.page.model.transcribe(place / f"{name}.mp4", (2, 1))
        assert segment["scales"]["a2_v1"]["text"] == expected


def test_work_is_done_in_turn_and_dropped_where_nobody_waits():
    done = []

    def steps(name, count):
        for number in range(count):
            done.append(f"{name}{number}")
            yield

    first, second = Task(steps("a", 3)), Task(steps("b", 2))
    gone = Task(steps("c", 3), wanted=lambda: False)

    def fails():
        raise ZeroDivisionError("a defect")
        yield

    bad = Task(fails())
    worker = Worker()
    for task in (first, second, gone, bad):
        worker.add(task)
    assert worker.before(first) == 3
    with worker:
        while not all(task.over for task in (first, second, gone, bad)):
            time.sleep(0.01)
    assert done == ["a0", "b0", "a1", "b1", "a2"]
    assert "nobody waited" in gone.error and "unforeseen ZeroDivisionError" in bad.error
    assert not first.error and not second.error


def test_old_recordings_make_room_and_closed_pages_are_forgotten(client, place, monkeypatch):
    monkeypatch.setattr("mavsr.page.app.MOST_FILES", 2)
    content = (place / "one.mp4").read_bytes()
    tokens = [client.send(content)["token"] for _ in range(3)]
    assert tokens[0] not in client.page.recordings
    assert not (client.page.store.folder / tokens[0]).exists()
    gone = client.ask("GET", f"/recordings/{tokens[0]}", status=400)
    assert "not kept any more" in gone["error"]
    client.wait(tokens[2])
    client.ask("DELETE", f"/recordings/{tokens[2]}")
    assert not (client.page.store.folder / tokens[2]).exists()
    client.page.recordings[tokens[1]].asked = float("-inf")
    assert not client.page.recordings[tokens[1]].wanted()


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


def test_the_folder_goes_with_the_server(train, place):
    with served(mavsr.load(train())) as client:
        client.send((place / "one.mp4").read_bytes())
        folder = client.page.store.folder
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


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


def test_samples_of_the_embedded_corpus_are_made_on_request(train):
    with served(mavsr.load(train()), offered=samples()) as client:
        names = [sample["name"] for sample in client.ask("GET", "/about")["samples"]]
        assert names == ["clip1", "clip2", "clip3", "talk"]
        token = client.ask("POST", "/samples/clip1")["token"]
        state = client.wait(token)
        assert not state["error"] and state["segments"][0]["seen"]
        assert len(read_audio(client.page.recordings[token].path)) > 16_000
        assert "no such sample" in client.ask("POST", "/samples/x", status=400)["error"]


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


def test_a_sample_that_is_no_number_is_no_bar_of_the_wave(tmp_path, monkeypatch):
    """JSON knows none, so the server would answer 500."""
    sound = np.full(16_000, 0.5, np.float32)
    sound[7] = np.nan
    write_mp4(tmp_path / "talk.mp4", sound=sound[8:])
    monkeypatch.setattr(recording_module, "read_audio", lambda path: sound)
    upload = Recording(tmp_path / "talk.mp4", "talk.mp4")
    upload._measure()
    assert set(upload.wave) == {0.5}


def test_a_taken_port_is_said():
    with listening(0) as first, pytest.raises(InputError, match="choose another with --port"):
        listening(first.getsockname()[1])
