"""Damaged clips become rows of the ledger, and trouble with the disk a clear message."""

import errno
import io
import os
import pickle
import resource
import shutil
import signal
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pandas as pd
import pytest
from processes import sizes, wait_until
from trees import manifest_row
from videos import write_mp4

from mavsr.corpus.manifest import write_manifest
from mavsr.errors import InputError
from mavsr.files import sha256
from mavsr.media import decode_video
from mavsr.mouths import crop as crop_module
from mavsr.mouths.clip import CropSettings
from mavsr.mouths.crop import crop, crop_clip
from mavsr.mouths.ledger import read_ledger
from mavsr.mouths.reel import held_memory
from mavsr.shards import read_shard

SOUND = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)


def row(path, key="a", **changes):
    return manifest_row(key, path, **{"duration_s": 2.0, **changes})


def result(path, settings=None, **changes):
    return crop_clip(row(path, **changes), settings or CropSettings(detect_every=1), held_memory())


@pytest.fixture(scope="module")
def good(tmp_path_factory, portrait):
    return write_mp4(tmp_path_factory.mktemp("good") / "good.mp4", portrait, SOUND)


@pytest.fixture(scope="module")
def streamable(tmp_path_factory, good):
    """The same clip with its index in front, so that what is there of a cut file can be read."""
    path = tmp_path_factory.mktemp("front") / "front.mp4"
    with (
        av.open(str(good)) as source,
        av.open(str(path), "w", options={"movflags": "faststart"}) as target,
    ):
        tracks = {s.index: target.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = tracks[packet.stream.index]
                target.mux(packet)
    return path


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_a_truncated_file_is_dropped_whatever_is_left_of_it(tmp_path, good, streamable, share):
    for source in (good, streamable):
        content = source.read_bytes()
        path = tmp_path / source.name
        path.write_bytes(content[: int(share * len(content))])
        # What is left must not pass for the whole utterance.
        entry, fields = result(path)
        assert not entry.kept and not fields
        assert "unforeseen" not in entry.reason and entry.reason


def test_what_is_cut_off_is_said(tmp_path, portrait):
    path = write_mp4(tmp_path / "half.mp4", portrait[:25], SOUND[:16_000])
    entry, _ = result(path)
    assert "cut off: the picture ends 1.00 s before its time of 2.00 s" in entry.reason
    assert result(path, duration_s=1.0)[0].kept


def test_a_track_without_frames(tmp_path):
    path = tmp_path / "zero.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.height = video.width = 64
        audio = container.add_stream("aac", rate=16_000, layout="mono")
        block = av.AudioFrame.from_ndarray(SOUND[None], "fltp", "mono")
        block.sample_rate, block.pts, block.time_base = 16_000, 0, Fraction(1, 16_000)
        container.mux(audio.encode(block))
        container.mux(audio.encode(None))
    entry, fields = result(path)
    assert not fields and "zero.mkv: no video frame" in entry.reason


def test_a_face_in_some_frames_only_is_interpolated_and_counted(tmp_path, portrait):
    frames = portrait.copy()
    frames[10:15] = 0
    entry, fields = result(write_mp4(tmp_path / "some.mp4", frames, SOUND))
    assert entry.kept and entry.face_share == pytest.approx(0.9)
    assert decode_video(fields["mkv"]).shape == (50, 96, 96, 3)


def test_a_face_in_none(tmp_path, portrait):
    entry, _ = result(write_mp4(tmp_path / "none.mp4", np.zeros_like(portrait), SOUND))
    assert not entry.kept and "no face in any frame" in entry.reason and entry.frames == 50


def test_of_two_faces_one_is_cropped_throughout(tmp_path, portrait):
    """The portrait and its mirror image, smaller, side by side."""
    scene = np.zeros((50, 224, 448, 3), np.uint8)
    scene[:, :, :224] = portrait
    scene[:, 56:168, 280:392] = portrait[:, ::2, ::-2]
    entry, fields = result(write_mp4(tmp_path / "two.mp4", scene, SOUND))
    landmarks = np.load(io.BytesIO(fields["landmarks.npy"]))
    assert entry.kept and entry.face_share == 1 and entry.largest_jump < 0.2
    assert (landmarks[..., 0] < 224).all()


def test_other_rates_and_a_path_with_spaces(tmp_path, portrait):
    """60 frames at 29.97 per second with 48 kHz stereo."""
    folder = tmp_path / "ein Ordner é"
    folder.mkdir()
    path = folder / "a b.mp4"
    rate = Fraction(30_000, 1_001)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=rate)
        video.height, video.width, video.pix_fmt = 224, 224, "yuv420p"
        audio = container.add_stream("aac", rate=48_000, layout="stereo")
        for number in range(60):
            frame = portrait[min(round(number * 25 / rate), 49)]
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(video.encode(None))
        both = np.repeat(SOUND, 3)[:96_000]
        block = av.AudioFrame.from_ndarray(np.stack([both, both]), "fltp", "stereo")
        block.sample_rate, block.pts, block.time_base = 48_000, 0, Fraction(1, 48_000)
        container.mux(audio.encode(block))
        container.mux(audio.encode(None))
    entry, fields = result(path)
    assert entry.kept and entry.frames == 50 and abs(entry.av_gap_s) < 0.07
    assert decode_video(fields["mkv"]).shape == (50, 96, 96, 3)


def test_lossy_crops_are_small_and_near(good):
    lossless = result(good, CropSettings(detect_every=1))[1]["mkv"]
    lossy = result(good, CropSettings(codec={"x264": 18}, detect_every=1))[1]["mkv"]
    assert len(lossy) < len(lossless) / 10
    difference = decode_video(lossy).astype(int) - decode_video(lossless)
    assert 0 < np.abs(difference).mean() < 4
    assert lossy == result(good, CropSettings(codec={"x264": 18}, detect_every=1))[1]["mkv"]


@pytest.mark.parametrize("codec", ["h264", {"x264": 52}, {"x264": -1}, {"x265": 3}, {}])
def test_other_codecs_are_refused(codec):
    with pytest.raises(InputError, match="codec is"):
        CropSettings(codec=codec)


def test_ready_made_landmarks_need_no_detector(good, tmp_path, monkeypatch, worked_case):
    # Each part of the 68 points lies where its mean was marked; jaw and brows are not used.
    parts = np.repeat([0, 1, 2, 3], [6, 6, 5, 20])
    order = [*[0] * 31, *parts[12:17], *parts[:12], *parts[17:]]
    marks = [points[order].astype(float) for points in worked_case["landmarks"]]
    (tmp_path / "good.pkl").write_bytes(pickle.dumps(marks))
    monkeypatch.setattr(crop_module, "load_detector", None)
    entry, fields = result(good, CropSettings(detector="landmarks", landmarks=tmp_path))
    assert entry.kept and entry.face_share == 1
    (tmp_path / "good.pkl").unlink()
    entry, fields = result(good, CropSettings(detector="landmarks", landmarks=tmp_path))
    assert not fields and "no landmarks for" in entry.reason


def test_a_folder_of_landmarks_that_is_none_is_named(tmp_path):
    with pytest.raises(InputError, match=r"which is none; correct mouths\.landmarks"):
        CropSettings(detector="landmarks", landmarks=tmp_path / "absent")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory, good):
    folder = tmp_path_factory.mktemp("manifest")
    rows = []
    for number in range(3):
        path = folder / f"{number}.mp4"
        shutil.copy(good, path)
        rows.append(row(path, key=f"k{number}"))
    write_manifest(folder / "train.parquet", pd.DataFrame(rows))
    return folder / "train.parquet"


def command(manifest, folder):
    words = [sys.executable, "-m", "mavsr.mouths.crop", "--manifest", manifest, "--shard", 0]
    words += ["--output", folder / "0.tar", "--ledger", folder / "0.csv"]
    return [str(word) for word in words]


@pytest.fixture(scope="module")
def undisturbed(manifest, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    crop(manifest, 0, folder / "0.tar", folder / "0.csv")
    return folder


def test_a_full_disk_is_an_error_that_says_so(manifest, undisturbed, tmp_path):
    """The file may not grow beyond half of the shard, as if the disk ended there."""
    limit = (undisturbed / "0.tar").stat().st_size // 2
    run = subprocess.run(
        command(manifest, tmp_path),
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert run.returncode == 2
    last = run.stderr.strip().splitlines()[-1]
    assert last.startswith("error: ") and "0.tar and 0.csv beside it cannot be written" in last
    assert "Traceback" not in run.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_so_is_a_folder_that_cannot_be_written(manifest, tmp_path, monkeypatch, code):
    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(crop_module, "write_shard", refuse)
    with pytest.raises(InputError, match=rf"cannot be written .*{os.strerror(code)}"):
        crop(manifest, 0, tmp_path / "0.tar", tmp_path / "0.csv")


def test_after_a_kill_the_same_command_ends_with_the_same_bytes(manifest, undisturbed, tmp_path):
    process = subprocess.Popen(command(manifest, tmp_path), stderr=subprocess.DEVNULL)

    def begun():
        return any(size > 100_000 for size in sizes(tmp_path, ".0.tar.*.partial"))

    wait_until(begun, process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL and begun()
    assert not (tmp_path / "0.tar").exists()
    crop(manifest, 0, tmp_path / "0.tar", tmp_path / "0.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0.csv", "0.tar"]
    assert sha256(tmp_path / "0.tar") == sha256(undisturbed / "0.tar")
    assert (tmp_path / "0.csv").read_text() == (undisturbed / "0.csv").read_text()
    assert len(dict(read_shard(tmp_path / "0.tar"))) == 3
    assert read_ledger(tmp_path / "0.csv").kept.all()
