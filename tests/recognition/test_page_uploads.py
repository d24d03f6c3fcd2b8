"""Uploads are bounded and removed; what cannot be read is a sentence, and the server lives on."""

import errno
import socket
import time

import numpy as np
import pytest
from page_client import served
from videos import write_mp4

import mavsr
from mavsr.page import recording as recording_module
from mavsr.page import store as store_module


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


def test_the_folder_goes_with_the_server(train, place):
    with served(mavsr.load(train())) as client:
        client.send((place / "one.mp4").read_bytes())
        folder = client.page.store.folder
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()
