"""What is shown of a recording: every rate, in noise, with eyes or ears shut, in its turn."""

import threading
import time

import numpy as np
import pytest
from page_client import served
from videos import write_mp4

import mavsr
from mavsr.media import decode_audio, encode_audio, read_audio
from mavsr.page import recording as recording_module
from mavsr.page.alter import Listening, babble
from mavsr.page.recording import Recording
from mavsr.page.samples import samples
from mavsr.page.work import Task, Worker
from mavsr.recognition.part import Part


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


def test_samples_of_the_embedded_corpus_are_made_on_request(train):
    with served(mavsr.load(train()), offered=samples()) as client:
        names = [sample["name"] for sample in client.ask("GET", "/about")["samples"]]
        assert names == ["clip1", "clip2", "clip3", "talk"]
        token = client.ask("POST", "/samples/clip1")["token"]
        state = client.wait(token)
        assert not state["error"] and state["segments"][0]["seen"]
        assert len(read_audio(client.page.recordings[token].path)) > 16_000
        assert "no such sample" in client.ask("POST", "/samples/x", status=400)["error"]


def test_a_sample_that_is_no_number_is_no_bar_of_the_wave(tmp_path, monkeypatch):
    """JSON knows none, so the server would answer 500."""
    sound = np.full(16_000, 0.5, np.float32)
    sound[7] = np.nan
    write_mp4(tmp_path / "talk.mp4", sound=sound[8:])
    monkeypatch.setattr(recording_module, "read_audio", lambda path: sound)
    upload = Recording(tmp_path / "talk.mp4", "talk.mp4")
    upload._measure()
    assert set(upload.wave) == {0.5}
